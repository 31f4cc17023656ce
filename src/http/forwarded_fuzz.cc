// Properties: what a trusted proxy adds to a list names the client, whatever the client has written
// before it; how a list is spread over fields changes nothing; a list that is not believed has no
// say.
//
// The first byte chooses where to cut; the rest is what the client wrote.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "http/forwarded.h"

namespace {

using pear::http::BelievedField;
using pear::http::Field;
using pear::http::forwarded_client;
using pear::http::ForwardedClient;
using pear::net::IpAddress;
using pear::net::IpPrefix;
using pear::net::IpPrefixSet;

const IpAddress kPeer = *IpAddress::parse("10.0.0.1");
const IpAddress kClient = *IpAddress::parse("192.0.2.1");

ForwardedClient read(const std::vector<Field>& fields, BelievedField believed) {
  static const IpPrefixSet kTrusted(std::array{*IpPrefix::parse("10.0.0.0/8")});
  return forwarded_client(fields, kPeer, kTrusted, believed);
}

void check_scheme(const ForwardedClient& client) {
  PEAR_ASSERT(client.scheme.empty() || client.scheme == "http" || client.scheme == "https",
              "a scheme of the client's own");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view left = input.substr(0, data[0] % (input.size() + 1));
  const std::string_view right = input.substr(left.size());

  const std::string x_added = std::string(input) + ", 192.0.2.1";
  for (const auto believed : {BelievedField::Either, BelievedField::XForwardedFor}) {
    const auto client = read({{.name = "x-forwarded-for", .value = x_added},
                              {.name = "x-forwarded-proto", .value = left}},
                             believed);
    PEAR_ASSERT(client.address == kClient, "the client chose another address");
    check_scheme(client);
  }
  const auto whole = read({{.name = "x-forwarded-for", .value = x_added}}, BelievedField::Either);
  const std::string with_comma = std::string(left) + "," + std::string(right);
  const auto joined =
      read({{.name = "x-forwarded-for", .value = with_comma}}, BelievedField::Either);
  const auto apart = read(
      {{.name = "x-forwarded-for", .value = left}, {.name = "x-forwarded-for", .value = right}},
      BelievedField::Either);
  PEAR_ASSERT(joined.address == apart.address, "it depends on how the list is spread");
  PEAR_ASSERT(whole.by_x_forwarded_for && !whole.by_forwarded, "the wrong list");

  // In a field of its own, and in the field that the client has begun.
  const auto added = read({{.name = "forwarded", .value = input},
                           {.name = "forwarded", .value = "for=192.0.2.1;proto=https"}},
                          BelievedField::Forwarded);
  PEAR_ASSERT(added.address == kClient && added.scheme == "https", "the client chose");
  for (const std::string_view addition :
       {", for=192.0.2.1", ", for=\"192.0.2.1:80\";by=10.0.0.1"}) {
    const std::string appended = std::string(input) + std::string(addition);
    const auto client = read({{.name = "forwarded", .value = appended}}, BelievedField::Forwarded);
    PEAR_ASSERT(client.address == kClient || client.address == kPeer, "the client chose");
    check_scheme(client);
  }
  const auto ignored = read({{.name = "forwarded", .value = input}}, BelievedField::XForwardedFor);
  PEAR_ASSERT(ignored.address == kPeer && ignored.scheme.empty(), "a list that is not believed");
  return 0;
}

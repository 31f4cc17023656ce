// Properties: Pear and the system agree on what an address is; what is written reads back as the
// same address, for addresses and prefixes.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>

#include "base/assert.h"
#include "base/net/ip_address.h"
#include "base/net/ip_prefix.h"

namespace {

using pear::net::IpAddress;
using pear::net::IpPrefix;

std::optional<IpAddress> by_system(const std::string& text) {
  if (text.contains('\0')) return std::nullopt;
  std::array<std::uint8_t, 4> ipv4{};
  if (::inet_pton(AF_INET, text.c_str(), ipv4.data()) == 1) return IpAddress::ipv4(ipv4);
  IpAddress::Bytes ipv6{};
  if (::inet_pton(AF_INET6, text.c_str(), ipv6.data()) == 1) return IpAddress(ipv6);
  return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto address = IpAddress::parse(text);
  PEAR_ASSERT(address == by_system(text), "the system reads another address");
  if (address) {
    PEAR_ASSERT(IpAddress::parse(address->text().view()) == address, "an address does not return");
  }
  if (const auto prefix = IpPrefix::parse(text)) {
    PEAR_ASSERT(IpPrefix::parse(prefix->text()) == prefix, "a prefix does not return");
    PEAR_ASSERT(prefix->contains(prefix->first()) && prefix->contains(prefix->last()), "its ends");
  }
  if (size >= sizeof(IpAddress)) {
    IpAddress::Bytes bytes{};
    std::memcpy(bytes.data(), data, bytes.size());
    const IpAddress any(bytes);
    PEAR_ASSERT(IpAddress::parse(any.text().view()) == any, "an address does not return");
    PEAR_ASSERT(by_system(std::string(any.text().view())) == any, "the system reads another one");
  }
  return 0;
}

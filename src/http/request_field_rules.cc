#include "http/request_field_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace pear::http {
namespace {

struct Row {
  std::string_view name;  // In lower case. One that ends with '-' stands for all that begin so.
  RequestFieldRule rule = RequestFieldRule::Anybody;
};

using enum RequestFieldRule;

// Sorted by the first letter, which tells nearly all other fields apart.
constexpr auto kRows = std::to_array<Row>({
    // Of Cloudflare. Its cf-ray and cf-ipcountry say nothing that a site should rest on.
    {"cf-connecting-ip", Proxy},
    {"cf-connecting-ipv6", Proxy},
    {"cf-pseudo-ipv4", Proxy},
    {"client-cert", Edge},
    {"client-cert-", Edge},
    {"client-ip", Proxy},
    {"connection", Connection},
    {"early-data", Edge},
    {"fastly-client-ip", Proxy},
    {"fly-client-ip", Proxy},
    {"forwarded", Proxy},
    {"forwarded-", Proxy},
    {"front-end-https", Proxy},
    {"http2-settings", Connection},
    {"keep-alive", Connection},
    // Verdicts of the edge about a request.
    {"pear-", Edge},
    // Becomes HTTP_PROXY, by which many libraries find the proxy for their own requests.
    {"proxy", Edge},
    {"proxy-authenticate", Connection},
    {"proxy-authorization", Connection},
    {"proxy-connection", Connection},
    {"remote-addr", Proxy},
    {"remote-user", Proxy},
    // What the trigger of a Spin application says of a request.
    {"spin-", Edge},
    {"ssl-client-", Proxy},
    {"te", Connection},
    {"transfer-encoding", Connection},
    {"true-client-ip", Proxy},
    {"upgrade", Connection},
    {"x-appengine-user-ip", Proxy},
    {"x-arr-clientcert", Proxy},
    {"x-arr-ssl", Proxy},
    {"x-azure-clientip", Proxy},
    {"x-azure-socketip", Proxy},
    {"x-client-cert", Proxy},
    {"x-client-cert-", Proxy},
    {"x-client-dn", Proxy},
    {"x-client-ip", Proxy},
    {"x-client-verify", Proxy},
    {"x-cluster-client-ip", Proxy},
    {"x-envoy-external-address", Proxy},
    {"x-envoy-internal", Proxy},
    {"x-forwarded", Proxy},
    {"x-forwarded-", Proxy},
    // Another host or path than the one that routes and limits went by.
    {"x-host", Proxy},
    {"x-http-host-override", Proxy},
    {"x-original-forwarded-for", Proxy},
    {"x-original-host", Proxy},
    {"x-original-uri", Proxy},
    {"x-original-url", Proxy},
    {"x-originating-ip", Proxy},
    {"x-proxyuser-ip", Proxy},
    {"x-real-ip", Proxy},
    {"x-remote-addr", Proxy},
    {"x-remote-ip", Proxy},
    {"x-remote-user", Proxy},
    {"x-rewrite-url", Proxy},
    {"x-scheme", Proxy},
    {"x-ssl-client-", Proxy},
    {"x-url-scheme", Proxy},
});

constexpr std::size_t kLetters = 26;

// Where the rows of each letter begin, and the end.
constexpr std::array<std::uint8_t, kLetters + 1> index_of_letters() {
  std::array<std::uint8_t, kLetters + 1> index{};
  for (std::size_t letter = 0; letter < index.size(); ++letter) {
    const auto first = std::ranges::find_if(kRows, [letter](const Row& row) {
      return static_cast<std::size_t>(row.name.front() - 'a') >= letter;
    });
    index[letter] = static_cast<std::uint8_t>(first - kRows.begin());
  }
  return index;
}

constexpr auto kIndex = index_of_letters();
static_assert(kRows.size() < 256);
static_assert(std::ranges::is_sorted(kRows, {}, [](const Row& row) { return row.name.front(); }));

constexpr bool is_alphanumeric(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

// Equal but for what stands where the row has '-'.
bool looks_like(std::string_view name, std::string_view row) {
  return std::ranges::equal(name, row, [](char of_name, char of_row) {
    return of_row == '-' ? !is_alphanumeric(of_name) : of_name == of_row;
  });
}

bool matches(std::string_view name, std::string_view row) {
  if (!row.ends_with('-')) return name.size() == row.size() && looks_like(name, row);
  return name.size() >= row.size() && looks_like(name.substr(0, row.size()), row);
}

bool is_plainly_spelled(std::string_view name) {
  return std::ranges::all_of(name, [](char byte) { return is_alphanumeric(byte) || byte == '-'; });
}

}  // namespace

RequestFieldRule request_field_rule(std::string_view lower_name) {
  if (lower_name.empty() || lower_name.front() < 'a' || lower_name.front() > 'z') return Anybody;
  const auto letter = static_cast<std::size_t>(lower_name.front() - 'a');
  for (std::size_t i = kIndex[letter]; i < kIndex[letter + 1]; ++i) {
    if (!matches(lower_name, kRows[i].name)) continue;
    return is_plainly_spelled(lower_name) ? kRows[i].rule : Edge;
  }
  return Anybody;
}

}  // namespace pear::http

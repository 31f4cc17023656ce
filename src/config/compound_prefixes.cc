// Lists of addresses and prefixes.
#include <algorithm>

#include "config/compound.h"
#include "config/items.h"
#include "config/problem.h"

namespace pear::config {
namespace {

using net::IpPrefix;

constexpr std::size_t kPrefixesMax = 1'000;

Value prefixes_value(const std::vector<IpPrefix>& prefixes) {
  Array items;
  for (const IpPrefix& prefix : prefixes) items.push_back(text_value(prefix.text()));
  return {.content = std::move(items), .at = {}};
}

void read_prefixes(const Value& value, Reading& reading, std::vector<IpPrefix>* prefixes) {
  const ItemsView items(value, reading, kPrefixesMax);
  if (items.refused()) return;
  const std::size_t refused_before = reading.refusals.size();
  std::vector<IpPrefix> found;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    const std::string* const text = items.text(i);
    if (text == nullptr) continue;
    const auto prefix = IpPrefix::parse(*text);
    if (!prefix) {
      items.refuse(i, in_quotes(*text) + " is no address and no prefix",
                   R"("10.0.0.0/8", "2001:db8::/32" or "192.0.2.1"; zeros behind the prefix)");
    } else if (std::ranges::find(found, *prefix) != found.end()) {
      items.refuse(i, in_quotes(*text) + " is named twice");
    } else {
      found.push_back(*prefix);
    }
  }
  if (reading.refusals.size() == refused_before) *prefixes = std::move(found);
}

}  // namespace

Value get_proxy_protocol(Target target) {
  return prefixes_value(target.server.proxy_protocol);
}

void set_proxy_protocol(Target target, const Value& value, Reading& reading) {
  read_prefixes(value, reading, &target.server.proxy_protocol);
}

Value get_trusted_proxies(Target target) {
  return prefixes_value(target.server.trusted_proxies);
}

void set_trusted_proxies(Target target, const Value& value, Reading& reading) {
  read_prefixes(value, reading, &target.server.trusted_proxies);
}

}  // namespace pear::config

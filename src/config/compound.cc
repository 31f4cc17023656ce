#include "config/compound.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "config/items.h"
#include "config/problem.h"
#include "config/units.h"

namespace pear::config {
namespace {

constexpr std::size_t kListenMax = 16;
constexpr std::size_t kHostsMax = 1'000;
constexpr std::size_t kWeightsMax = 1'000;
constexpr std::size_t kWatchMax = 100;

bool is_label(std::string_view label) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, plain);
}

// A DNS name or an IPv4 address in lower case, or "[IPv6]".
bool is_host_name(std::string_view host) {
  if (host.starts_with('[')) return parse_address(fmt::format("{}:0", host)).has_value();
  if (host.size() > 253) return false;
  while (!host.empty()) {
    const std::size_t dot = std::min(host.find('.'), host.size());
    if (!is_label(host.substr(0, dot))) return false;
    if (dot == host.size()) return true;
    host.remove_prefix(dot + 1);
  }
  return false;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

constexpr std::string_view kAddressForm = R"("IPv4:PORT" or "[IPv6]:PORT")";

Value addresses_value(const std::vector<ListenAddress>& addresses) {
  Array items;
  for (const ListenAddress& address : addresses) items.push_back(text_value(to_text(address)));
  return {.content = std::move(items), .at = {}};
}

// A port alone is what people try first. False: it is no number.
bool refuse_number(const Value& value, std::string within, Reading& reading) {
  const auto* const number = value.get<std::int64_t>();
  if (number == nullptr) return false;
  const bool is_port = *number >= 0 && *number <= 0xFFFF;
  reading.refusals.push_back({.at = value.at,
                              .within = std::move(within),
                              .what = fmt::format("{} is not an address", *number),
                              .expected = std::string(kAddressForm),
                              .suggestion = is_port ? fmt::format("127.0.0.1:{}", *number) : ""});
  return true;
}

// Nothing after a refusal.
std::optional<std::vector<ListenAddress>> read_addresses(const Value& value, Reading& reading) {
  if (refuse_number(value, {}, reading)) return std::nullopt;
  const ItemsView items(value, reading, kListenMax);
  if (items.refused()) return std::nullopt;
  if ((*items).empty()) {
    reading.refuse(value, "names no address", std::string(kAddressForm));
    return std::nullopt;
  }
  const std::size_t refused_before = reading.refusals.size();
  std::vector<ListenAddress> addresses;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    if (refuse_number((*items)[i], fmt::format("[{}]", i), reading)) continue;
    const std::string* text = items.text(i);
    if (text == nullptr) continue;
    const auto address = parse_address(*text);
    if (!address) {
      items.refuse(i, in_quotes(*text) + " is not an address", std::string(kAddressForm));
    } else if (address->port != 0 && std::ranges::find(addresses, *address) != addresses.end()) {
      items.refuse(i, in_quotes(*text) + " is named twice");
    } else {
      addresses.push_back(*address);
    }
  }
  if (reading.refusals.size() != refused_before) return std::nullopt;
  return addresses;
}

}  // namespace

Value get_listen(Target target) {
  return addresses_value(target.server.listen);
}

void set_listen(Target target, const Value& value, Reading& reading) {
  auto addresses = read_addresses(value, reading);
  if (addresses) target.server.listen = *std::move(addresses);
}

Value get_https(Target target) {
  if (target.server.https.empty()) return text_value("off");
  return addresses_value(target.server.https);
}

void set_https(Target target, const Value& value, Reading& reading) {
  // On the command line every value of a list is one.
  const auto* const list = value.get<Array>();
  const Value& only = list != nullptr && list->size() == 1 ? list->front() : value;
  const auto* const text = only.get<std::string>();
  if (text != nullptr && *text == "off") {
    target.server.https.clear();
    return;
  }
  auto addresses = read_addresses(value, reading);
  if (addresses) target.server.https = *std::move(addresses);
}

Value get_admin(Target target) {
  return text_value(target.server.admin ? to_text(*target.server.admin) : "off");
}

void set_admin(Target target, const Value& value, Reading& reading) {
  const auto* text = value.get<std::string>();
  const std::string allowed = fmt::format("{} or \"off\"", kAddressForm);
  if (text == nullptr) {
    reading.refuse(value, fmt::format("must be a text, not {}", kind_of(value)), allowed);
    return;
  }
  if (*text == "off") {
    target.server.admin = std::nullopt;
    return;
  }
  const auto address = parse_address(*text);
  if (!address) {
    reading.refuse(value, in_quotes(*text) + " is not an address", allowed);
    return;
  }
  target.server.admin = address;
}

Value get_hosts(Target target) {
  Array items;
  for (const std::string& host : target.site.hosts) items.push_back(text_value(host));
  return {.content = std::move(items), .at = {}};
}

void set_hosts(Target target, const Value& value, Reading& reading) {
  const ItemsView items(value, reading, kHostsMax);
  if (items.refused()) return;
  const std::size_t refused_before = reading.refusals.size();
  std::vector<std::string> hosts;
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    const std::string* text = items.text(i);
    if (text == nullptr) continue;
    std::string host = lower_case(*text);
    const std::string_view name =
        host.starts_with("*.") ? std::string_view(host).substr(2) : std::string_view(host);
    if (host.starts_with("*.[") || !is_host_name(name)) {
      items.refuse(i, in_quotes(*text) + " is not a host name",
                   "a name without scheme, port and path, or \"*.\" and a name");
    } else if (!seen.insert(host).second) {
      items.refuse(i, in_quotes(*text) + " is named twice");
    } else {
      hosts.push_back(std::move(host));
    }
  }
  if (reading.refusals.size() == refused_before) target.site.hosts = std::move(hosts);
}

Value get_weights(Target target) {
  Array items;
  for (const std::uint32_t weight : target.site.weights) {
    items.push_back({.content = std::int64_t{weight}, .at = {}});
  }
  return {.content = std::move(items), .at = {}};
}

void set_weights(Target target, const Value& value, Reading& reading) {
  const ItemsView items(value, reading, kWeightsMax);
  if (items.refused()) return;
  const std::size_t refused_before = reading.refusals.size();
  std::vector<std::uint32_t> weights;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    const auto* number = (*items)[i].get<std::int64_t>();
    if (number == nullptr || *number < 1 || *number > 1'000) {
      items.refuse(i,
                   number != nullptr
                       ? fmt::format("{} is not a weight", *number)
                       : fmt::format("must be a number, not {}", kind_of((*items)[i])),
                   "1 to 1,000");
    } else {
      weights.push_back(static_cast<std::uint32_t>(*number));
    }
  }
  if (reading.refusals.size() == refused_before) target.site.weights = std::move(weights);
}

Value get_watch(Target target) {
  Array items;
  for (const std::string& glob : target.site.build.watch) items.push_back(text_value(glob));
  return {.content = std::move(items), .at = {}};
}

void set_watch(Target target, const Value& value, Reading& reading) {
  const ItemsView items(value, reading, kWatchMax);
  if (items.refused()) return;
  const std::size_t refused_before = reading.refusals.size();
  std::vector<std::string> globs;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    const std::string* text = items.text(i);
    if (text != nullptr && text->empty()) {
      items.refuse(i, "is empty");
    } else if (text != nullptr) {
      globs.push_back(*text);
    }
  }
  if (reading.refusals.size() == refused_before) target.site.build.watch = std::move(globs);
}

}  // namespace pear::config

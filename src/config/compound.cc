#include "config/compound.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "config/problem.h"
#include "config/route_path.h"
#include "config/suggestion.h"
#include "config/units.h"

namespace pear::config {
namespace {

constexpr std::size_t kListenMax = 16;
constexpr std::size_t kHostsMax = 1'000;
constexpr std::size_t kWeightsMax = 1'000;
constexpr std::size_t kRoutesMax = 200;
constexpr std::size_t kFilesMax = 100;
constexpr std::size_t kVariablesMax = 1'000;
constexpr std::size_t kEnvironmentBytesMax = 64U << 10U;
constexpr std::size_t kWatchMax = 100;

Value text_value(std::string text) {
  return {.content = std::move(text), .at = {}};
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

// The items of a list; one text stands for a list of one. Null after a refusal.
class Items {
 public:
  Items(const Value& value, Reading& reading, std::size_t count_max) : reading_(reading) {
    if (value.get<std::string>() != nullptr) {
      one_.push_back(value);
      items_ = &one_;
    } else if (const auto* array = value.get<Array>()) {
      items_ = array;
    } else {
      reading.refuse(value, fmt::format("must be a list, not {}", kind_of(value)));
      return;
    }
    if (items_->size() > count_max) {
      reading.refuse(
          value, fmt::format("has {} items, at most {} are allowed", items_->size(), count_max));
      items_ = nullptr;
    }
  }

  [[nodiscard]] bool refused() const { return items_ == nullptr; }
  [[nodiscard]] const Array& operator*() const { return *items_; }

  void refuse(std::size_t i, std::string what, std::string expected = {}) const {
    reading_.refusals.push_back(
        {(*items_)[i].at, fmt::format("[{}]", i), std::move(what), std::move(expected), {}});
  }

  // The text of item i; null after a refusal.
  [[nodiscard]] const std::string* text(std::size_t i) const {
    const auto* text = (*items_)[i].get<std::string>();
    if (text == nullptr) {
      refuse(i, fmt::format("must be a text, not {}", kind_of((*items_)[i])));
    } else if (has_nul(*text)) {
      refuse(i, "holds a NUL character");
      text = nullptr;
    }
    return text;
  }

 private:
  Reading& reading_;
  const Array* items_ = nullptr;
  Array one_;
};

// The entries of a table that are none of `known` are refused.
void refuse_unknown(const Table& table, std::span<const std::string_view> known,
                    std::string_view within, Reading& reading) {
  for (const Entry& entry : table) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    const std::string_view near = nearest(entry.key, known);
    reading.refusals.push_back({entry.at,
                                fmt::format("{}.{}", within, entry.key),
                                "is not a known key",
                                {},
                                std::string(near)});
  }
}

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

constexpr std::string_view kAddressForm = "\"IPv4:PORT\" or \"[IPv6]:PORT\"";

}  // namespace

Value get_listen(Target target) {
  Array items;
  for (const ListenAddress& address : target.server.listen) {
    items.push_back(text_value(to_text(address)));
  }
  return {.content = std::move(items), .at = {}};
}

void set_listen(Target target, const Value& value, Reading& reading) {
  const Items items(value, reading, kListenMax);
  if (items.refused()) return;
  if ((*items).empty()) return reading.refuse(value, "names no address", std::string(kAddressForm));
  const std::size_t refused_before = reading.refusals.size();
  std::vector<ListenAddress> addresses;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
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
  if (reading.refusals.size() == refused_before) target.server.listen = std::move(addresses);
}

Value get_admin(Target target) {
  return text_value(target.server.admin ? to_text(*target.server.admin) : "off");
}

void set_admin(Target target, const Value& value, Reading& reading) {
  const auto* text = value.get<std::string>();
  const std::string allowed = fmt::format("{} or \"off\"", kAddressForm);
  if (text == nullptr) {
    return reading.refuse(value, fmt::format("must be a text, not {}", kind_of(value)), allowed);
  }
  if (*text == "off") {
    target.server.admin = std::nullopt;
    return;
  }
  const auto address = parse_address(*text);
  if (!address) return reading.refuse(value, in_quotes(*text) + " is not an address", allowed);
  target.server.admin = address;
}

Value get_hosts(Target target) {
  Array items;
  for (const std::string& host : target.site.hosts) items.push_back(text_value(host));
  return {.content = std::move(items), .at = {}};
}

void set_hosts(Target target, const Value& value, Reading& reading) {
  const Items items(value, reading, kHostsMax);
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
  const Items items(value, reading, kWeightsMax);
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

Value get_routes(Target target) {
  Array items;
  for (const RouteSettings& route : target.site.routes) {
    Table table;
    table.push_back({.key = "path", .at = {}, .value = text_value(route.path)});
    items.push_back({.content = std::move(table), .at = {}});
  }
  return {.content = std::move(items), .at = {}};
}

void set_routes(Target target, const Value& value, Reading& reading) {
  const Items items(value, reading, kRoutesMax);
  if (items.refused()) return;
  if ((*items).empty()) return reading.refuse(value, "names no route", "1 to 200 routes");
  const std::size_t refused_before = reading.refusals.size();
  constexpr std::array<std::string_view, 1> kKnown{"path"};
  std::vector<RouteSettings> routes;
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    const Value* path = &(*items)[i];
    if (const auto* table = path->get<Table>()) {
      refuse_unknown(*table, kKnown, fmt::format("[{}]", i), reading);
      path = find(*table, "path");
    }
    const auto* text = path == nullptr ? nullptr : path->get<std::string>();
    if (text == nullptr) {
      items.refuse(i, "needs a path in quotes", "{ path = \"/...\" }");
    } else if (const auto problem = problem_in_route_path(*text)) {
      items.refuse(i, *problem, "exact \"/a\", one segment \"/a/:id\", any rest \"/a/...\"");
    } else if (!seen.insert(route_pattern(*text)).second) {
      items.refuse(i, in_quotes(*text) + " matches the same requests as an earlier route");
    } else {
      routes.push_back({.path = *text});
    }
  }
  if (reading.refusals.size() == refused_before) target.site.routes = std::move(routes);
}

Value get_files(Target target) {
  Array items;
  for (const FileGrant& grant : target.site.permissions.files) {
    Table table;
    table.push_back({.key = "source", .at = {}, .value = text_value(grant.source.string())});
    table.push_back({.key = "destination", .at = {}, .value = text_value(grant.destination)});
    if (grant.writable) {
      table.push_back({.key = "writable", .at = {}, .value = {.content = true, .at = {}}});
    }
    items.push_back({.content = std::move(table), .at = {}});
  }
  return {.content = std::move(items), .at = {}};
}

namespace {

// "/", or "/a/b" without empty, "." and ".." segments.
bool is_destination(std::string_view path) {
  if (path == "/") return true;
  if (!path.starts_with('/') || path.ends_with('/') || path.size() > 1'024 || has_nul(path)) {
    return false;
  }
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (segment.empty() || segment == "." || segment == "..") return false;
    path.remove_prefix(end);
  }
  return true;
}

// Nothing after a refusal.
std::optional<FileGrant> read_grant(const Items& items, std::size_t i, Reading& reading) {
  constexpr std::array<std::string_view, 3> kKnown{"source", "destination", "writable"};
  const auto* table = (*items)[i].get<Table>();
  if (table == nullptr) {
    items.refuse(i, fmt::format("must be a table, not {}", kind_of((*items)[i])),
                 "{ source = \"static\", destination = \"/static\" }");
    return std::nullopt;
  }
  refuse_unknown(*table, kKnown, fmt::format("[{}]", i), reading);
  const Value* source = find(*table, "source");
  const Value* destination = find(*table, "destination");
  const Value* writable = find(*table, "writable");
  const auto* from = source == nullptr ? nullptr : source->get<std::string>();
  const auto* to = destination == nullptr ? nullptr : destination->get<std::string>();
  if (from == nullptr || from->empty() || has_nul(*from)) {
    items.refuse(i, "needs a source in quotes: a folder on this machine");
    return std::nullopt;
  }
  if (to == nullptr || !is_destination(*to)) {
    items.refuse(i, "needs a destination in quotes: an absolute path as the guest sees it",
                 "\"/\" or \"/a/b\", without \"..\" and without a '/' at the end");
    return std::nullopt;
  }
  if (writable != nullptr && writable->get<bool>() == nullptr) {
    items.refuse(i, fmt::format("writable must be true or false, not {}", kind_of(*writable)));
    return std::nullopt;
  }
  return FileGrant{.source = (reading.folder / *from).lexically_normal(),
                   .destination = *to,
                   .writable = writable != nullptr && *writable->get<bool>()};
}

}  // namespace

void set_files(Target target, const Value& value, Reading& reading) {
  const Items items(value, reading, kFilesMax);
  if (items.refused()) return;
  const std::size_t refused_before = reading.refusals.size();
  std::vector<FileGrant> grants;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    auto grant = read_grant(items, i, reading);
    if (!grant) continue;
    if (std::ranges::find(grants, grant->destination, &FileGrant::destination) != grants.end()) {
      items.refuse(i,
                   fmt::format("the destination {} is named twice", in_quotes(grant->destination)));
    } else {
      grants.push_back(std::move(*grant));
    }
  }
  if (reading.refusals.size() == refused_before) {
    target.site.permissions.files = std::move(grants);
  }
}

Value get_environment(Target target) {
  Table table;
  for (const auto& [name, text] : target.site.permissions.environment) {
    table.push_back({.key = name, .at = {}, .value = text_value(text)});
  }
  return {.content = std::move(table), .at = {}};
}

void set_environment(Target target, const Value& value, Reading& reading) {
  const auto* table = value.get<Table>();
  if (table == nullptr) {
    return reading.refuse(value, fmt::format("must be a table, not {}", kind_of(value)),
                          "{ NAME = \"value\" }");
  }
  const std::size_t refused_before = reading.refusals.size();
  std::vector<std::pair<std::string, std::string>> variables;
  std::size_t bytes = 0;
  for (const Entry& entry : *table) {
    const auto* text = entry.value.get<std::string>();
    const bool good_name =
        !entry.key.empty() && entry.key.find('=') == std::string::npos && !has_nul(entry.key);
    if (!good_name) {
      reading.refuse({.content = {}, .at = entry.at},
                     in_quotes(entry.key) + " is not a name of a variable",
                     "not empty, without '=' and NUL");
    } else if (text == nullptr || has_nul(*text)) {
      reading.refusals.push_back(
          {entry.value.at, "." + entry.key, "must be a text without NUL, in quotes", {}, {}});
    } else {
      bytes += entry.key.size() + text->size() + 2;
      variables.emplace_back(entry.key, *text);
    }
  }
  if (variables.size() > kVariablesMax || bytes > kEnvironmentBytesMax) {
    reading.refuse(value, "is too large", "at most 1,000 entries and 64KiB together");
  }
  // In one order however they were written, so that equal configurations compare equal.
  std::ranges::sort(variables);
  if (reading.refusals.size() == refused_before) {
    target.site.permissions.environment = std::move(variables);
  }
}

Value get_watch(Target target) {
  Array items;
  for (const std::string& glob : target.site.build.watch) items.push_back(text_value(glob));
  return {.content = std::move(items), .at = {}};
}

void set_watch(Target target, const Value& value, Reading& reading) {
  const Items items(value, reading, kWatchMax);
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

// The compound settings of [site.NAME.permissions].
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/compound.h"
#include "config/items.h"
#include "config/problem.h"
#include "config/units.h"

namespace pear::config {

Value get_files(Target target) {
  Array items;
  for (const FileGrant& grant : target.site.permissions.files) {
    Table table;
    table.push_back({.key = "source", .at = {}, .value = text_value(grant.source.string())});
    table.push_back({.key = "destination", .at = {}, .value = text_value(grant.destination)});
    if (grant.writable) {
      table.push_back({.key = "writable", .at = {}, .value = {.content = true, .at = {}}});
      table.push_back({.key = "quota", .at = {}, .value = text_value(to_text(grant.quota))});
      table.push_back({.key = "quota_files",
                       .at = {},
                       .value = {.content = std::int64_t{grant.quota_files}, .at = {}}});
    }
    items.push_back({.content = std::move(table), .at = {}});
  }
  return {.content = std::move(items), .at = {}};
}

namespace {

constexpr std::size_t kFilesMax = 100;
constexpr std::size_t kVariablesMax = 1'000;
constexpr std::size_t kEnvironmentBytesMax = 64U << 10U;
constexpr Bytes kQuotaMax{1ULL << 50U};
constexpr std::int64_t kQuotaFilesMax = 1'000'000'000;

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

// What a writable folder may hold. False after a refusal.
bool read_quota(const ItemsView& items, std::size_t i, const Table& table, FileGrant& grant) {
  const Value* const quota = find(table, "quota");
  const Value* const files = find(table, "quota_files");
  if (!grant.writable && (quota != nullptr || files != nullptr)) {
    items.refuse(i, "has a quota, but is not writable: nothing can be put there");
    return false;
  }
  if (quota != nullptr) {
    const auto* const text = quota->get<std::string>();
    const auto size = text == nullptr ? std::nullopt : parse_size(*text);
    if (!size || size->count == 0 || size->count > kQuotaMax.count) {
      items.refuse(i, "needs a quota in quotes, more than 0 and at most 1024TiB",
                   R"(quota = "1GiB")");
      return false;
    }
    grant.quota = *size;
  }
  if (files != nullptr) {
    const auto* const count = files->get<std::int64_t>();
    if (count == nullptr || *count < 1 || *count > kQuotaFilesMax) {
      items.refuse(i, "needs a quota_files from 1 to 1000000000", "quota_files = 100000");
      return false;
    }
    grant.quota_files = static_cast<std::uint32_t>(*count);
  }
  return true;
}

// Nothing after a refusal.
std::optional<FileGrant> read_grant(const ItemsView& items, std::size_t i, Reading& reading) {
  constexpr std::array<std::string_view, 5> kKnown{"source", "destination", "writable", "quota",
                                                   "quota_files"};
  const auto* table = (*items)[i].get<Table>();
  if (table == nullptr) {
    items.refuse(i, fmt::format("must be a table, not {}", kind_of((*items)[i])),
                 R"({ source = "static", destination = "/static" })");
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
                 R"("/" or "/a/b", without ".." and without a '/' at the end)");
    return std::nullopt;
  }
  if (writable != nullptr && writable->get<bool>() == nullptr) {
    items.refuse(i, fmt::format("writable must be true or false, not {}", kind_of(*writable)));
    return std::nullopt;
  }
  FileGrant grant{.source = (reading.folder / *from).lexically_normal(),
                  .destination = *to,
                  .writable = writable != nullptr && *writable->get<bool>()};
  if (!read_quota(items, i, *table, grant)) return std::nullopt;
  return grant;
}

}  // namespace

void set_files(Target target, const Value& value, Reading& reading) {
  const ItemsView items(value, reading, kFilesMax);
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
    reading.refuse(value, fmt::format("must be a table, not {}", kind_of(value)),
                   "{ NAME = \"value\" }");
    return;
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

}  // namespace pear::config

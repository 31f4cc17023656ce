// Reads a pear.toml into the draft.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/draft.h"
#include "config/suggestion.h"

namespace pear::config {
namespace {

constexpr std::size_t kSitesMax = 1'000;

constexpr std::array<std::string_view, 3> kSections{"pear_version", "server", "site"};
constexpr std::array<std::string_view, 13> kAbsentSections{
    "https",     "tls",   "state",   "security", "detection", "deploy", "canary",
    "autoscale", "peers", "cluster", "tracing",  "component", "include"};

// The place that a table of the file describes.
struct Place {
  Scope scope;
  SiteSettings* site;  // Null for [server].
  std::string where;   // The file.
};

std::string_view site_name(const Place& place) {
  return place.site == nullptr ? std::string_view() : std::string_view(place.site->name);
}

bool is_section(Scope scope, std::string_view path) {
  return std::ranges::any_of(keys_of(scope), [&](const Key& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) &&
           key.path[path.size()] == '.';
  });
}

// As deep as the keys of the schema, no deeper.
// NOLINTNEXTLINE(misc-no-recursion)
void read_section(const Place& place, const Table& table, const std::string& under, Draft* draft) {
  for (const Entry& entry : table) {
    const std::string path = under.empty() ? entry.key : under + "." + entry.key;
    const std::string full = full_key(place.scope, site_name(place), path);
    const auto* inner = entry.value.get<Table>();
    if (const Key* key = find_key(place.scope, path)) {
      assign({.scope = place.scope,
              .site = place.site,
              .key = key,
              .value = entry.value,
              .origin = {place.where, entry.value.at},
              .folder = draft->folder},
             draft);
    } else if (is_section(place.scope, path) && inner != nullptr) {
      read_section(place, *inner, path, draft);
    } else if (is_section(place.scope, path)) {
      draft->add({place.where,
                  entry.value.at,
                  full,
                  fmt::format("is a section, not {}: write [{}]", kind_of(entry.value), full),
                  {},
                  {}});
    } else {
      refuse_unknown_key({place.scope, path, full, {place.where, entry.at}}, draft);
    }
  }
}

void read_sites(const Value& sites, const std::string& where, Draft* draft) {
  const auto* table = sites.get<Table>();
  if (table == nullptr) {
    draft->add({where, sites.at, "site", "is not a section: write [site.NAME]", {}, {}});
    return;
  }
  if (table->size() > kSitesMax) {
    draft->add({where,
                sites.at,
                "site",
                fmt::format("there are {} sites", table->size()),
                "at most 1,000",
                {}});
    return;
  }
  draft->settings.sites.reserve(table->size());
  for (const Entry& entry : *table) {
    const auto* site = entry.value.get<Table>();
    const std::string full = "site." + entry.key;
    if (site == nullptr) {
      draft->add({where,
                  entry.at,
                  full,
                  "has no site: the keys of a site stand in a section of its own, [site.NAME]",
                  {},
                  {}});
    } else if (!is_site_name(entry.key)) {
      draft->add({where,
                  entry.at,
                  full,
                  in_quotes(entry.key) + " is not a name for a site",
                  "1 to 63 of a-z, 0-9, '-' and '_', the first a letter or digit",
                  {}});
    } else {
      SiteSettings& added = draft->add_site(entry.key, {where, entry.at});
      read_section({.scope = Scope::Site, .site = &added, .where = where}, *site, {}, draft);
    }
  }
}

// Whether the rest of the file can be judged.
bool check_version(const Table& file, const std::string& where, Draft* draft) {
  const auto found = std::ranges::find(file, "pear_version", &Entry::key);
  if (found == file.end()) {
    draft->add({where,
                {.line = 1, .column = 1},
                "pear_version",
                "is missing: write pear_version = 1 at the top of the file",
                {},
                {}});
    return true;
  }
  const auto* version = found->value.get<std::int64_t>();
  if (version != nullptr && *version == 1) return true;
  if (version == nullptr) {
    draft->add({where,
                found->value.at,
                "pear_version",
                fmt::format("must be the number 1, not {}", kind_of(found->value)),
                {},
                {}});
    return true;
  }
  draft->add({where,
              found->value.at,
              "pear_version",
              fmt::format("is {}; this version of Pear reads version 1 only", *version),
              {},
              {}});
  return false;
}

void refuse_section(const Entry& entry, const std::string& where, Draft* draft) {
  Problem problem{where, entry.at, entry.key, "is not a known section", {}, {}};
  if (std::ranges::find(kAbsentSections, entry.key) != kAbsentSections.end()) {
    problem.what = kUnavailable;
  } else if (const auto near = nearest(entry.key, kSections); !near.empty()) {
    problem.suggestion = near;
  } else if (find_key(Scope::Server, entry.key) != nullptr) {
    problem.suggestion = "server." + entry.key;
  } else if (find_key(Scope::Site, entry.key) != nullptr) {
    problem.suggestion = "site.NAME." + entry.key;
  }
  draft->add(std::move(problem));
}

}  // namespace

std::span<const std::string_view> unavailable_sections() {
  return kAbsentSections;
}

void read_pear_toml(const Table& file, const std::string& where, Draft* draft) {
  if (!check_version(file, where, draft)) return;
  for (const Entry& entry : file) {
    if (entry.key == "pear_version") continue;
    if (entry.key == "site") {
      read_sites(entry.value, where, draft);
    } else if (entry.key != "server") {
      refuse_section(entry, where, draft);
    } else if (const auto* server = entry.value.get<Table>()) {
      read_section({.scope = Scope::Server, .site = nullptr, .where = where}, *server, {}, draft);
    } else {
      draft->add({where, entry.at, "server", "is a section: write [server]", {}, {}});
    }
  }
  if (draft->settings.sites.empty() && draft->problems().empty()) {
    draft->add(
        {where, {}, "site", "there is no site: add a section [site.NAME] with a source", {}, {}});
  }
}

}  // namespace pear::config

#include "config/draft.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/assert.h"
#include "config/suggestion.h"

namespace pear::config {
namespace {

std::string_view last_segment(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

// The known key that `path` probably means: the same last word elsewhere, or a near spelling.
std::string_view meant_by(Scope scope, std::string_view path) {
  std::vector<std::string_view> paths;
  for (const Key& key : keys_of(scope)) {
    if (last_segment(key.path) == last_segment(path)) return key.path;
    paths.push_back(key.path);
  }
  if (const std::string_view near = nearest(path, paths); !near.empty()) return near;
  std::vector<std::string_view> words;
  words.reserve(paths.size());
  for (const std::string_view known : paths) words.push_back(last_segment(known));
  const std::string_view near = nearest(last_segment(path), words);
  const auto found = std::ranges::find(words, near);
  return near.empty() ? near : paths[static_cast<std::size_t>(found - words.begin())];
}

// Only where the value itself has places: that of --set is one place.
void place_parts(const std::string& key, const Assignment& assignment, Draft* draft) {
  const auto* const field = std::get_if<CompoundField>(&assignment.key->field);
  const auto* const items = assignment.value.get<Array>();
  if (field == nullptr || !field->has_placed_parts || items == nullptr) return;
  for (std::size_t i = 0; i < items->size(); ++i) {
    for (const Entry& entry : *(*items)[i].get<Table>()) {
      const Position at = assignment.origin.at.line == 0 ? Position() : entry.value.at;
      draft->origins[fmt::format("{}[{}].{}", key, i, entry.key)] = {assignment.origin.where, at};
    }
  }
}

}  // namespace

void Draft::add(Problem problem) {
  if (full()) return;
  if (problems_.size() == kProblemsMax) {
    problem = {.where = problem.where,
               .at = {},
               .key = {},
               .what = "has more problems: fix these first",
               .expected = {},
               .suggestion = {}};
  }
  problems_.push_back(std::move(problem));
}

SiteSettings& Draft::add_site(std::string name, Origin origin) {
  SiteSettings plain;
  SiteSettings site;
  apply_preset(preset, &site);
  for (const Key& key : keys_of(Scope::Site)) {
    const std::string by_default = to_toml(get(key, {settings.server, plain}));
    if (to_toml(get(key, {settings.server, site})) == by_default) continue;
    origins[full_key(Scope::Site, name, key.path)] = {fmt::format("preset {}", to_text(preset)),
                                                      {}};
  }
  origins["site." + name] = std::move(origin);
  site.name = std::move(name);
  settings.sites.push_back(std::move(site));
  return settings.sites.back();
}

SiteSettings* Draft::find_site(std::string_view name) {
  const auto found = std::ranges::find(settings.sites, name, &SiteSettings::name);
  return found == settings.sites.end() ? nullptr : &*found;
}

Origin Draft::origin_of(const std::string& key, const std::string& fallback) const {
  for (const std::string& wanted : {key, fallback}) {
    const auto found = origins.find(wanted);
    if (found != origins.end()) return found->second;
  }
  return {.where = settings.file.string(), .at = {}};
}

void assign(const Assignment& assignment, Draft* draft) {
  SiteSettings no_site;
  SiteSettings& site = assignment.site == nullptr ? no_site : *assignment.site;
  const std::string key = full_key(assignment.scope, site.name, assignment.key->path);

  Reading reading{.folder = assignment.folder, .refusals = {}};
  set(*assignment.key, {draft->settings.server, site}, assignment.value, reading);
  for (Refusal& refusal : reading.refusals) {
    draft->add({.where = assignment.origin.where,
                .at = refusal.at.line == 0 ? assignment.origin.at : refusal.at,
                .key = key + refusal.within,
                .what = std::move(refusal.what),
                .expected = std::move(refusal.expected),
                .suggestion = std::move(refusal.suggestion)});
  }
  if (!reading.refusals.empty()) return;
  draft->origins[key] = assignment.origin;
  place_parts(key, assignment, draft);
}

void refuse_unknown_key(const UnknownKey& key, Draft* draft) {
  if (draft->full()) return;  // A suggestion is work, and nobody would read it.
  Problem problem{.where = key.origin.where,
                  .at = key.origin.at,
                  .key = key.full,
                  .what = "is not a known key",
                  .expected = {},
                  .suggestion = {}};
  if (is_unavailable(key.scope, key.path)) {
    problem.what = kUnavailable;
  } else if (const std::string_view meant = meant_by(key.scope, key.path); !meant.empty()) {
    PEAR_ASSERT(key.full.ends_with(key.path), "the path is the end of the full key");
    problem.suggestion =
        std::string(key.full, 0, key.full.size() - key.path.size()) + std::string(meant);
  }
  draft->add(std::move(problem));
}

}  // namespace pear::config

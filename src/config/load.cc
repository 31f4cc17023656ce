#include "config/load.h"

#include <algorithm>
#include <map>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "config/draft.h"
#include "config/read_text.h"
#include "config/toml_text.h"

namespace pear::config {
namespace {

namespace fs = std::filesystem;

LoadResult refused(Problem problem) {
  LoadResult result;
  result.problems.push_back(std::move(problem));
  return result;
}

// The current folder is gone, or cannot be seen: the path stays relative.
fs::path absolute_path(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  return (error ? path : whole).lexically_normal();
}

void choose_preset(const Table& file, const Overrides& overrides, Preset fallback, Draft* draft) {
  const Preset preset = preset_of(file, overrides, fallback);
  draft->preset = preset;
  draft->settings.server.preset = preset;
  if (preset != Preset::Default) draft->origins["server.preset"] = {"default of a project", {}};
}

LoadResult finish(const Overrides& overrides, Draft draft) {
  apply_overrides(overrides, &draft);
  complete(&draft);
  check(&draft);

  LoadResult result;
  // By place in the file; what stands in no file follows in the order in which it was found.
  std::multimap<Position, Problem> by_place;
  for (Problem& problem : draft.take_problems()) {
    constexpr Position kLast{.line = 0xFFFF'FFFF, .column = 0};
    by_place.emplace(problem.at.line == 0 ? kLast : problem.at, std::move(problem));
  }
  for (auto& [place, problem] : by_place) result.problems.push_back(std::move(problem));
  result.warnings = std::move(draft.warnings);
  result.origins = std::move(draft.origins);
  if (result.problems.empty()) {
    result.settings = std::make_shared<const Settings>(std::move(draft.settings));
  }
  return result;
}

// "My App.wasm" → "my-app".
std::string name_from_file(const fs::path& file) {
  std::string name;
  for (const char c : file.stem().string()) {
    const bool upper = c >= 'A' && c <= 'Z';
    const char lower = upper ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
                      (lower == '_' && !name.empty());
    if (fits) {
      name += lower;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min<std::size_t>(name.size(), 63));
  return is_site_name(name) ? name : "site";
}

LoadResult load_component(const fs::path& component, const Overrides& overrides) {
  Draft draft;
  const fs::path source = absolute_path(component);
  draft.folder = source.parent_path();
  choose_preset({}, overrides, Preset::Default, &draft);
  SiteSettings& site = draft.add_site(name_from_file(source), {component.string(), {}});
  site.source = source;
  draft.origins[full_key(Scope::Site, site.name, "source")] = {"command line", {}};
  return finish(overrides, std::move(draft));
}

// The file of the project in a folder; nothing when there is none.
std::optional<fs::path> file_in_folder(const fs::path& folder) {
  std::error_code error;
  for (const char* const name : {"pear.toml", "spin.toml"}) {
    fs::path file = folder / name;
    // A file that is there and cannot be read is named as such by the reading.
    if (fs::symlink_status(file, error).type() != fs::file_type::not_found) return file;
  }
  return std::nullopt;
}

LoadResult load_file(const fs::path& file, const Overrides& overrides) {
  auto text = read_text(file, kFileBytesMax);
  if (!text) return refused({file.string(), {}, {}, std::move(text).error(), {}, {}});
  if (text->starts_with(std::string_view("\0asm", 4))) return load_component(file, overrides);
  return load_text({.file = file, .text = *std::move(text)}, overrides);
}

}  // namespace

LoadResult load_text(const Document& document, const Overrides& overrides) {
  const std::string where = document.file.string();
  const auto file = parse_toml(document.text);
  if (!file) return refused({where, file.error().at, {}, file.error().what, {}, {}});

  Draft draft;
  draft.settings.file = absolute_path(document.file);
  draft.folder = draft.settings.file.parent_path();
  choose_preset(*file, overrides, Preset::Dev, &draft);
  const bool is_spin =
      document.file.filename() == "spin.toml" || find(*file, "spin_manifest_version") != nullptr;
  if (is_spin) {
    read_spin_toml(*file, where, &draft);
  } else {
    read_pear_toml(*file, where, &draft);
  }
  return finish(overrides, std::move(draft));
}

LoadResult load(const fs::path& path, const Overrides& overrides) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return path.extension() == ".wasm" ? load_component(path, overrides)
                                       : load_file(path, overrides);
  }
  if (const auto file = file_in_folder(path)) return load_file(*file, overrides);
  return refused({.where = path.string(),
                  .at = {},
                  .key = {},
                  .what = "has no pear.toml and no spin.toml: `pear new` makes a project",
                  .expected = {},
                  .suggestion = {}});
}

std::vector<Problem> problems_in_sources(const Settings& settings, const Origins& origins) {
  std::vector<Problem> problems;
  for (const SiteSettings& site : settings.sites) {
    const std::string key = full_key(Scope::Site, site.name, "source");
    const auto origin = origins.find(key);
    const std::string name = in_quotes(site.source.string());
    std::string what;
    struct stat status{};
    if (::stat(site.source.c_str(), &status) != 0) {
      what = fmt::format("there is no file {}", name);
      if (!site.build.command.empty()) what += ": `pear build` makes it";
    } else if (!S_ISREG(status.st_mode)) {
      what = fmt::format("{} is not a regular file", name);
    } else if (::access(site.source.c_str(), R_OK) != 0) {
      what = fmt::format("{} cannot be read by this user", name);
    } else {
      continue;
    }
    const Origin at = origin == origins.end() ? Origin{settings.file.string(), {}} : origin->second;
    problems.push_back({at.where, at.at, key, std::move(what), {}, {}});
  }
  return problems;
}

}  // namespace pear::config

#include "cli/watch_plan.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/glob.h"

namespace pear::cli {

namespace {

namespace fs = std::filesystem;

// What is watched where the project does not say: the sources of the C++ recipe.
constexpr std::array<std::string_view, 6> kUsual{"*.cc",        "*.cpp",        "*.h",
                                                 "src/**/*.cc", "src/**/*.cpp", "src/**/*.h"};

fs::path folder_of(const config::SiteSettings& site, const config::Settings& settings) {
  return site.build.workdir.empty() ? settings.file.parent_path() : site.build.workdir;
}

bool is_below(const fs::path& path, const fs::path& above) {
  const auto [end, ignored] = std::ranges::mismatch(above, path);
  return end == above.end();
}

bool is_source_of(const fs::path& path, const config::SiteSettings& site, const fs::path& folder) {
  if (path == site.source || !is_below(path, folder)) return false;
  const std::string name = path.lexically_relative(folder).generic_string();
  if (site.build.watch.empty()) {
    return std::ranges::any_of(kUsual,
                               [&](std::string_view glob) { return matches_glob(glob, name); });
  }
  return std::ranges::any_of(site.build.watch,
                             [&](const std::string& glob) { return matches_glob(glob, name); });
}

}  // namespace

Reaction reaction_to(const fs::path& path, const config::Settings& settings) {
  Reaction reaction = Reaction::None;
  if (path == settings.file) reaction = Reaction::Reload;
  for (const config::SiteSettings& site : settings.sites) {
    // A bare component is not built from anything.
    if (!settings.file.empty() && is_source_of(path, site, folder_of(site, settings))) {
      return Reaction::Build;
    }
    if (path == site.source) reaction = Reaction::Reload;
  }
  return reaction;
}

std::vector<fs::path> folders_to_watch(const config::Settings& settings) {
  std::vector<fs::path> wanted;
  if (!settings.file.empty()) wanted.push_back(settings.file.parent_path());
  for (const config::SiteSettings& site : settings.sites) {
    wanted.push_back(site.source.parent_path());
    if (!settings.file.empty()) wanted.push_back(folder_of(site, settings));
  }
  std::ranges::sort(wanted);
  std::vector<fs::path> out;
  for (const fs::path& folder : wanted) {
    // Sorted, a folder comes before all that is inside it.
    const bool covered =
        std::ranges::any_of(out, [&](const fs::path& above) { return is_below(folder, above); });
    if (!covered) out.push_back(folder);
  }
  return out;
}

}  // namespace pear::cli

// load: from files, environment and flags to Settings, or to all the problems at once.
//
// Precedence, each over the one before: defaults, preset, file, environment, --set, dedicated
// flags. The preset itself is chosen by the same order; when nobody chooses, it is `dev` for a
// project (a pear.toml or spin.toml) and `default` for a bare component.
//
// Environment: PEAR_SET__SERVER__HTTP__HEADER_TIMEOUT=5s sets server.http.header_timeout; in the
// name of a site '-' is written '_'. PEAR_LISTEN, else LISTEN, sets server.listen; PORT, when
// neither is there, the port of each address in server.listen. A variable with an empty value
// counts as unset.
//
// Thread: any. Reads files, so never a core.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/settings.h"

namespace pear::config {

// One setting given by a flag of its own: {"--cages", "site.*.cages", "5"}. In `key`, `*` stands
// for every site.
struct FlagOverride {
  std::string flag;
  std::string key;
  std::string value;
};

struct Overrides {
  std::vector<std::string> environment;  // "NAME=value", as environment_of_process() gives it.
  std::vector<std::string> set;          // "KEY=VALUE", in the order of the command line.
  std::vector<FlagOverride> flags;
  std::optional<Preset> preset;  // --preset.
};

// Where a value came from, for messages and for the effective configuration.
struct Origin {
  std::string where;  // As Problem::where, or "preset dev".
  Position at;
  bool operator==(const Origin&) const = default;
};
// By full key ("site.shop.limits.memory"). A key that is not there has its default.
using Origins = std::map<std::string, Origin, std::less<>>;

struct LoadResult {
  std::shared_ptr<const Settings> settings;  // Null exactly when there are problems.
  std::vector<Problem> problems;             // In the order of the text; at most kProblemsMax + 1.
  std::vector<Problem> warnings;             // What a spin.toml asks for and Pear does not do.
  Origins origins;
};

inline constexpr std::size_t kProblemsMax = 100;
inline constexpr std::size_t kFileBytesMax = 1U << 20U;

// `path`: a folder with a pear.toml or a spin.toml (the first wins), such a file, or a component
// (*.wasm), which needs no file at all: it is served on every host and path.
[[nodiscard]] LoadResult load(const std::filesystem::path& path, const Overrides& overrides);

// The same for a text that was read elsewhere. `file` names it and is what relative paths start
// from.
struct Document {
  std::filesystem::path file;
  std::string text;
};
[[nodiscard]] LoadResult load_text(const Document& document, const Overrides& overrides);

// The components that are not there or cannot be read. Not part of load(), because `pear build` may
// still make them.
[[nodiscard]] std::vector<Problem> problems_in_sources(const Settings& settings,
                                                       const Origins& origins);

[[nodiscard]] std::vector<std::string> environment_of_process();

// The settings in force as a pear.toml that loads to the same Settings. A comment behind each value
// that is not a default says where it came from.
[[nodiscard]] std::string effective_toml(const Settings& settings, const Origins& origins);

// docs/operating/configuration.md, from the schema.
[[nodiscard]] std::string reference_markdown();

}  // namespace pear::config

// Draft: settings that are being read, layer over layer, with what was found wrong on the way.
//
// Thread: one. Made by load(), never kept.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "config/schema.h"

namespace pear::config {

class Draft {
 public:
  Settings settings;
  Origins origins;
  std::vector<Problem> warnings;
  // The preset of the whole, whatever a layer says that has yet to be overruled.
  Preset preset = Preset::Default;
  // The folder of the project: what relative paths in its file start from. Absolute.
  std::filesystem::path folder;

  // Past kProblemsMax one more says that there are more; the rest is dropped.
  void add(Problem problem);
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  [[nodiscard]] std::vector<Problem> take_problems() { return std::move(problems_); }
  [[nodiscard]] bool full() const { return problems_.size() > kProblemsMax; }

  // A new site with the values of the preset. `origin`: where it is declared.
  SiteSettings& add_site(std::string name, Origin origin);
  [[nodiscard]] SiteSettings* find_site(std::string_view name);

  // Where the key was set, else where `fallback` was, else the file as a whole.
  [[nodiscard]] Origin origin_of(const std::string& key, const std::string& fallback = {}) const;

 private:
  std::vector<Problem> problems_;
};

// One value for one key, and where it comes from.
struct Assignment {
  Scope scope;
  SiteSettings* site;  // Borrowed from the draft; null for keys of the server.
  const Key* key;
  Value value;
  Origin origin;
  std::filesystem::path folder;  // What relative paths start from.
};

// Sets the value and remembers its origin, or adds the problems.
void assign(const Assignment& assignment, Draft* draft);

// Where `key`, which the schema does not know, stands, and what it is below server or site.NAME.
struct UnknownKey {
  Scope scope;
  std::string_view path;
  std::string full;
  Origin origin;
};
// Says that the key is not available, or unknown with what was probably meant.
void refuse_unknown_key(const UnknownKey& key, Draft* draft);

// The layers over the defaults, in their order.
[[nodiscard]] Preset preset_of(const Table& file, const Overrides& overrides, Preset fallback);
void read_pear_toml(const Table& file, const std::string& where, Draft* draft);
void read_spin_toml(const Table& file, const std::string& where, Draft* draft);
void apply_overrides(const Overrides& overrides, Draft* draft);

// What follows from several settings together: the folders of a site that may see files, the
// working folder of a build.
void complete(Draft* draft);
// What no key can see alone: missing sources, hosts and paths claimed twice, folders that are not
// there.
void check(Draft* draft);

}  // namespace pear::config

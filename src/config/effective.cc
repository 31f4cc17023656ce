// The settings in force, as a pear.toml.
#include <fmt/format.h>

#include "config/load.h"
#include "config/schema.h"

namespace pear::config {
namespace {

std::string comment_of(const Origins& origins, const std::string& key) {
  const auto found = origins.find(key);
  if (found == origins.end()) return {};
  const Origin& origin = found->second;
  std::string where = origin.where;
  for (char& c : where) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return origin.at.line == 0 ? fmt::format("  # {}", where)
                             : fmt::format("  # {}:{}", where, origin.at.line);
}

std::string section_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string() : "." + std::string(path.substr(0, dot));
}

void print(Scope scope, Target target, const Origins& origins, std::string* out) {
  const std::string root = scope == Scope::Server ? "server" : "site." + target.site.name;
  std::string section = "none yet";
  for (const Key& key : keys_of(scope)) {
    if (section_of(key.path) != section) {
      section = section_of(key.path);
      *out += fmt::format("\n[{}{}]\n", root, section);
    }
    const std::string value = to_toml(get(key, target));
    if (value.empty()) continue;
    const std::string_view name = key.path.substr(key.path.rfind('.') + 1);
    *out += fmt::format("{} = {}{}\n", name, value,
                        comment_of(origins, full_key(scope, target.site.name, key.path)));
  }
}

}  // namespace

std::string effective_toml(const Settings& settings, const Origins& origins) {
  Settings copy = settings;  // The accessors of the schema are for writing, too.
  SiteSettings no_site;
  std::string out =
      "# The configuration in force. A comment says where a value comes from; without one it is\n"
      "# the default.\npear_version = 1\n";
  print(Scope::Server, {copy.server, no_site}, origins, &out);
  for (SiteSettings& site : copy.sites) print(Scope::Site, {copy.server, site}, origins, &out);
  return out;
}

}  // namespace pear::config

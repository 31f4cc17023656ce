// The layers over the file: environment, --set, dedicated flags.
#include <algorithm>
#include <array>
#include <system_error>

#include <unistd.h>

#include <fmt/format.h>

#include "base/utf8.h"
#include "config/draft.h"
#include "config/suggestion.h"
#include "config/units.h"

namespace pear::config {
namespace {

enum class Names : std::uint8_t { AsWritten, FromEnvironment };

// An override before it is known what it is for.
struct Wish {
  std::string where;
  std::string key;
  std::string text;
  Names names = Names::AsWritten;
  bool has_value = true;
};

constexpr std::string_view kSetPrefix = "PEAR_SET__";
constexpr std::string_view kPresetKey = "server.preset";

// "PEAR_SET__SERVER__LOG__LEVEL" → "server.log.level".
std::string key_from_name(std::string_view name) {
  std::string key;
  for (std::size_t i = kSetPrefix.size(); i < name.size(); ++i) {
    if (name.substr(i).starts_with("__")) {
      key += '.';
      ++i;
    } else {
      const char c = name[i];
      key += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return key;
}

std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name) {
  for (const std::string_view line : environment) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with('=')) {
      const std::string_view text = line.substr(name.size() + 1);
      if (!text.empty()) return text;
    }
  }
  return std::nullopt;
}

std::vector<Wish> wishes_of_environment(const std::vector<std::string>& environment) {
  std::vector<Wish> wishes;
  for (const std::string_view line : environment) {
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view name = line.substr(0, equals);
    if (!name.starts_with(kSetPrefix) || equals + 1 >= line.size()) continue;
    wishes.push_back({fmt::format("environment {}", name), key_from_name(name),
                      std::string(line.substr(equals + 1)), Names::FromEnvironment});
  }
  // The order of the environment is nobody's intention.
  std::ranges::sort(wishes, {}, &Wish::where);
  for (const std::string_view name : {"PEAR_LISTEN", "LISTEN"}) {
    if (const auto text = variable(environment, name)) {
      wishes.push_back({fmt::format("environment {}", name), "server.listen", std::string(*text)});
      return wishes;
    }
  }
  return wishes;
}

std::vector<Wish> wishes_of(const Overrides& overrides) {
  std::vector<Wish> wishes = wishes_of_environment(overrides.environment);
  for (const std::string& line : overrides.set) {
    const std::size_t equals = std::min(line.find('='), line.size());
    const bool has_value = equals < line.size();
    wishes.push_back({.where = "--set",
                      .key = line.substr(0, equals),
                      .text = has_value ? line.substr(equals + 1) : std::string(),
                      .has_value = has_value});
  }
  for (const FlagOverride& flag : overrides.flags) {
    wishes.push_back({flag.flag, flag.key, flag.value});
  }
  if (overrides.preset) {
    wishes.push_back(
        {"--preset", std::string(kPresetKey), std::string(to_text(*overrides.preset))});
  }
  return wishes;
}

std::optional<Preset> preset_named(std::string_view word) {
  for (const Preset preset : {Preset::Default, Preset::Dev, Preset::Prod}) {
    if (to_text(preset) == word) return preset;
  }
  return std::nullopt;
}

std::string plain_name(std::string_view name) {
  std::string plain(name);
  std::ranges::replace(plain, '-', '_');
  return plain;
}

bool names_site(const Wish& wish, std::string_view name, const SiteSettings& site) {
  if (name == "*") return true;
  if (wish.names == Names::AsWritten) return site.name == name;
  return plain_name(site.name) == name;
}

void refuse_site(const Wish& wish, std::string_view name, Draft* draft) {
  std::vector<std::string_view> names;
  std::string known;
  for (const SiteSettings& site : draft->settings.sites) {
    names.push_back(site.name);
    if (known.size() < 200) known += site.name + ", ";
  }
  const std::string_view near = nearest(name, names);
  draft->add({.where = wish.where,
              .at = {},
              .key = wish.key,
              .what = fmt::format("there is no site {}", in_quotes(name)),
              .expected = known.empty() ? std::string() : known + "or * for every site",
              .suggestion = near.empty() ? std::string() : fmt::format("site.{}", near)});
}

struct Found {
  Scope scope;
  std::string_view site;
  std::string_view path;
};

std::optional<Found> take_apart(std::string_view key) {
  if (key.starts_with("server.")) return Found{Scope::Server, {}, key.substr(7)};
  if (!key.starts_with("site.")) return std::nullopt;
  const std::string_view rest = key.substr(5);
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return Found{Scope::Site, rest.substr(0, dot), rest.substr(dot + 1)};
}

void apply(const Wish& wish, const std::filesystem::path& folder, Draft* draft) {
  if (!wish.has_value) {
    draft->add({wish.where, {}, wish.key, "has no value", "KEY=VALUE", {}});
    return;
  }
  const auto found = take_apart(wish.key);
  if (!found) {
    draft->add({wish.where, {}, wish.key, "is not a key", "server.KEY or site.NAME.KEY", {}});
    return;
  }
  const Key* key = find_key(found->scope, found->path);
  if (key == nullptr) {
    refuse_unknown_key({found->scope, found->path, wish.key, {wish.where, {}}}, draft);
    return;
  }
  if (!base::is_utf8(wish.text)) {
    draft->add({wish.where, {}, wish.key, "is not a text in UTF-8", {}, {}});
    return;
  }
  Assignment assignment{.scope = found->scope,
                        .site = nullptr,
                        .key = key,
                        .value = value_from_text(*key, wish.text),
                        .origin = {wish.where, {}},
                        .folder = folder};
  if (found->scope == Scope::Server) {
    assign(assignment, draft);
    return;
  }
  bool any = false;
  for (SiteSettings& site : draft->settings.sites) {
    if (!names_site(wish, found->site, site)) continue;
    any = true;
    assignment.site = &site;
    assign(assignment, draft);
  }
  if (!any) refuse_site(wish, found->site, draft);
}

// PORT, as platforms set it: the port of whatever addresses the file names.
void apply_port(const Overrides& overrides, Draft* draft) {
  const auto text = variable(overrides.environment, "PORT");
  if (!text || variable(overrides.environment, "PEAR_LISTEN") ||
      variable(overrides.environment, "LISTEN")) {
    return;
  }
  const Origin origin{"environment PORT", {}};
  const auto port = parse_number(*text);
  if (!port || *port > 65'535) {
    draft->add(
        {origin.where, {}, "server.listen", in_quotes(*text) + " is not a port", "0 to 65535", {}});
    return;
  }
  std::vector<ListenAddress> addresses;
  for (ListenAddress address : draft->settings.server.listen) {
    address.port = static_cast<std::uint16_t>(*port);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  draft->settings.server.listen = std::move(addresses);
  draft->origins["server.listen"] = origin;
}

}  // namespace

Preset preset_of(const Table& file, const Overrides& overrides, Preset fallback) {
  Preset preset = fallback;
  const auto choose = [&](std::string_view word) { preset = preset_named(word).value_or(preset); };
  const Value* server = find(file, "server");
  const auto* table = server == nullptr ? nullptr : server->get<Table>();
  const Value* named = table == nullptr ? nullptr : find(*table, "preset");
  if (named != nullptr && named->get<std::string>() != nullptr) choose(*named->get<std::string>());
  for (const Wish& wish : wishes_of(overrides)) {
    if (wish.key == kPresetKey) choose(wish.text);
  }
  return preset;
}

void apply_overrides(const Overrides& overrides, Draft* draft) {
  std::error_code ignored;  // Without a current folder, relative paths stay as they are.
  const std::filesystem::path folder = std::filesystem::current_path(ignored);
  apply_port(overrides, draft);
  for (const Wish& wish : wishes_of(overrides)) apply(wish, folder, draft);
}

std::vector<std::string> environment_of_process() {
  std::vector<std::string> lines;
  for (char** line = environ; line != nullptr && *line != nullptr; ++line)
    lines.emplace_back(*line);
  return lines;
}

}  // namespace pear::config

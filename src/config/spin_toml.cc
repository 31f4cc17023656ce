// Reads a spin.toml (manifest version 2) into the draft: one site for each component with a
// trigger.
//
// Source: the manifest reference of Spin. What Pear has and Spin lacks keeps its default; what a
// component needs and Pear lacks is a problem, what it merely mentions a warning.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/draft.h"

namespace pear::config {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 5> kTopKnown{"spin_manifest_version", "application",
                                                    "trigger", "component", "variables"};
// What only tools of Spin read.
constexpr std::array<std::string_view, 4> kComponentSilent{"description", "tool", "exclude_files",
                                                           "targets"};
// What a component cannot run without.
constexpr std::array<std::string_view, 6> kComponentAbsent{
    "key_value_stores", "sqlite_databases", "ai_models", "variables", "dependencies", "mounts"};
constexpr std::array<std::string_view, 2> kOutbound{"allowed_outbound_hosts", "allowed_http_hosts"};

bool contains(Words words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_empty(const Value& value) {
  if (const auto* array = value.get<Array>()) return array->empty();
  if (const auto* table = value.get<Table>()) return table->empty();
  return false;
}

class SpinReader {
 public:
  SpinReader(std::string where, Draft* draft) : where_(std::move(where)), draft_(*draft) {}

  void read(const Table& file) {
    if (!check_version(file)) return;
    for (const Entry& entry : file) {
      if (entry.key == "variables" && !is_empty(entry.value)) {
        add(entry.at, "variables", "application variables: this " + std::string(kUnavailable));
      } else if (!contains(kTopKnown, entry.key)) {
        warn(entry.at, entry.key, "is not known and was ignored");
      }
    }
    read_triggers(file);
    const Value* components = find(file, "component");
    const auto* table = components == nullptr ? nullptr : components->get<Table>();
    if (table != nullptr) {
      for (const Entry& entry : *table) read_component(entry);
    }
    for (const Route& route : routes_) {
      if (table != nullptr && find(*table, route.component) != nullptr) continue;
      add(route.origin, "trigger.http.component",
          fmt::format("there is no [component.{}]", route.component));
    }
  }

 private:
  struct Route {
    std::string component;
    Value path;
    Position origin;
  };

  void add(Position at, std::string key, std::string what) {
    draft_.add({where_, at, std::move(key), std::move(what), {}, {}});
  }
  void warn(Position at, std::string key, std::string what) {
    if (draft_.warnings.size() >= kProblemsMax) return;
    draft_.warnings.push_back({where_, at, std::move(key), std::move(what), {}, {}});
  }

  bool check_version(const Table& file) {
    const Value* version = find(file, "spin_manifest_version");
    const auto* number = version == nullptr ? nullptr : version->get<std::int64_t>();
    if (number != nullptr && *number == 2) return true;
    add(version == nullptr ? Position{1, 1} : version->at, "spin_manifest_version",
        "must be 2: `spin doctor` rewrites an older manifest");
    return false;
  }

  void read_triggers(const Table& file) {
    const Value* triggers = find(file, "trigger");
    const auto* kinds = triggers == nullptr ? nullptr : triggers->get<Table>();
    if (kinds == nullptr || kinds->empty()) {
      add(triggers == nullptr ? Position{} : triggers->at, "trigger.http",
          "is missing: nothing says what the application answers");
      return;
    }
    for (const Entry& kind : *kinds) {
      const auto* list = kind.value.get<Array>();
      if (kind.key != "http") {
        add(kind.at, "trigger." + kind.key,
            "a trigger other than http " + std::string(kUnavailable));
      } else if (list == nullptr) {
        add(kind.at, "trigger.http", "must be a list: write [[trigger.http]]");
      } else {
        for (const Value& trigger : *list) read_trigger(trigger);
      }
    }
  }

  void read_trigger(const Value& trigger) {
    const auto* table = trigger.get<Table>();
    if (table == nullptr) {
      add(trigger.at, "trigger.http", "must be a table");
      return;
    }
    for (const Entry& entry : *table) {
      if (entry.key == "executor") {
        check_executor(entry.value);
      } else if (entry.key != "route" && entry.key != "component" && entry.key != "id") {
        warn(entry.at, "trigger.http." + entry.key, "is not known and was ignored");
      }
    }
    const Value* route = find(*table, "route");
    const Value* component = find(*table, "component");
    const auto* name = component == nullptr ? nullptr : component->get<std::string>();
    if (route == nullptr) {
      add(trigger.at, "trigger.http.route", "is missing");
      return;
    }
    if (name == nullptr) {
      add(component == nullptr ? trigger.at : component->at, "trigger.http.component",
          "must be the name of a [component.NAME]");
      return;
    }
    if (const auto* table_of_route = route->get<Table>()) {
      const Value* is_private = find(*table_of_route, "private");
      const auto* flag = is_private == nullptr ? nullptr : is_private->get<bool>();
      if (flag != nullptr && *flag) return;
    }
    if (route->get<std::string>() == nullptr) {
      add(route->at, "trigger.http.route",
          fmt::format("must be a path in quotes or {{ private = true }}, not {}", kind_of(*route)));
      return;
    }
    routes_.push_back({*name, *route, component->at});
  }

  void check_executor(const Value& executor) {
    const auto* table = executor.get<Table>();
    const Value* type = table == nullptr ? nullptr : find(*table, "type");
    const auto* word = type == nullptr ? nullptr : type->get<std::string>();
    if (word != nullptr && (*word == "http" || *word == "spin")) return;
    add(executor.at, "trigger.http.executor",
        "an executor other than { type = \"http\" } " + std::string(kUnavailable));
  }

  void read_component(const Entry& entry) {
    const std::string full = "component." + entry.key;
    const auto* table = entry.value.get<Table>();
    if (table == nullptr) {
      add(entry.at, full, "must be a table: write [" + full + "]");
      return;
    }
    Array paths;
    for (const Route& route : routes_) {
      if (route.component == entry.key) paths.push_back(route.path);
    }
    if (paths.empty()) {
      warn(entry.at, full, "has no trigger with a public route and is not served");
      return;
    }
    if (!is_site_name(entry.key)) {
      add(entry.at, full,
          in_quotes(entry.key) + " is not a name for a site: use 1 to 63 of a-z, 0-9, '-', '_'");
      return;
    }
    SiteSettings& site = draft_.add_site(entry.key, {where_, entry.at});
    set_key(&site, "route", {.content = std::move(paths), .at = routes_.front().path.at});
    for (const Entry& field : *table) read_field(&site, full, field);
  }

  void read_field(SiteSettings* site, const std::string& component, const Entry& field) {
    const std::string full = component + "." + field.key;
    if (field.key == "source") {
      read_source(site, full, field.value);
    } else if (field.key == "files") {
      read_files(site, full, field.value);
    } else if (field.key == "environment") {
      set_key(site, "permissions.environment", field.value);
    } else if (field.key == "build") {
      read_build(site, full, field.value);
    } else if (contains(kOutbound, field.key)) {
      if (!is_empty(field.value)) {
        warn(field.at, full, "outgoing requests are denied in this version of Pear");
      }
    } else if (contains(kComponentAbsent, field.key)) {
      if (!is_empty(field.value)) add(field.at, full, std::string(kUnavailable));
    } else if (!contains(kComponentSilent, field.key)) {
      warn(field.at, full, "is not known and was ignored");
    }
  }

  void read_source(SiteSettings* site, const std::string& full, const Value& value) {
    if (value.get<Table>() != nullptr) {
      add(value.at, full,
          "a source that is downloaded " + std::string(kUnavailable) +
              ": fetch it and name the file");
      return;
    }
    set_key(site, "source", value);
  }

  void read_files(SiteSettings* site, const std::string& full, const Value& value) {
    const auto* list = value.get<Array>();
    if (list == nullptr) {
      add(value.at, full, "must be a list");
      return;
    }
    bool fits = true;
    for (const Value& item : *list) {
      if (item.get<std::string>() == nullptr) continue;
      fits = false;
      add(item.at, full,
          "a pattern of files " + std::string(kUnavailable) +
              R"(: write { source = "folder", destination = "/folder" })");
    }
    if (fits) set_key(site, "permissions.files", value);
  }

  void read_build(SiteSettings* site, const std::string& full, const Value& value) {
    const auto* table = value.get<Table>();
    if (table == nullptr) {
      add(value.at, full, "must be a table");
      return;
    }
    for (const Entry& entry : *table) {
      if (entry.key == "command") {
        set_key(site, "build.command", command(entry.value));
      } else if (entry.key == "workdir" || entry.key == "watch") {
        set_key(site, "build." + entry.key, entry.value);
      } else {
        warn(entry.at, full + "." + entry.key, "is not known and was ignored");
      }
    }
  }

  // Several commands run one after the other, each only after the success of the one before.
  static Value command(const Value& value) {
    const auto* list = value.get<Array>();
    if (list == nullptr) return value;
    std::string all;
    for (const Value& item : *list) {
      const auto* text = item.get<std::string>();
      if (text == nullptr) return value;
      all += fmt::format("{}{}", all.empty() ? "" : " && ", *text);
    }
    return {.content = std::move(all), .at = value.at};
  }

  void set_key(SiteSettings* site, std::string_view path, Value value) {
    const Position at = value.at;
    assign({.scope = Scope::Site,
            .site = site,
            .key = find_key(Scope::Site, path),
            .value = std::move(value),
            .origin = {where_, at},
            .folder = draft_.folder},
           &draft_);
  }

  std::string where_;
  Draft& draft_;
  std::vector<Route> routes_;
};

}  // namespace

void read_spin_toml(const Table& file, const std::string& where, Draft* draft) {
  SpinReader(where, draft).read(file);
  if (draft->settings.sites.empty() && draft->problems().empty()) {
    draft->add({where, {}, "trigger.http", "no component has a public route", {}, {}});
  }
}

}  // namespace pear::config

#include "config/reload.h"

#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include "base/assert.h"
#include "config/schema.h"

namespace pear::config {
namespace {

// What may be empty is no value that set() takes: members are copied as they are.
void copy(const Key& key, Target from, Target to) {
  const auto visit = [&](const auto& field) {
    using Kind = std::decay_t<decltype(field)>;
    if constexpr (std::is_same_v<Kind, DurationRangeField>) {
      field.first(to) = field.first(from);
      field.last(to) = field.last(from);
    } else if constexpr (std::is_same_v<Kind, ChoiceField>) {
      field.set(to, field.get(from));
    } else if constexpr (std::is_same_v<Kind, CompoundField>) {
      Reading reading;
      field.set(to, field.get(from), reading);
      PEAR_ASSERT(reading.refusals.empty(), "a value that is in force fits its key");
    } else {
      field.at(to) = field.at(from);
    }
  };
  std::visit(visit, key.field);
}

}  // namespace

ReloadedServer reload_server(const ServerSettings& in_force, const ServerSettings& wanted) {
  ReloadedServer reloaded{.settings = wanted, .pending = {}};
  ServerSettings before = in_force;  // The accessors of the schema are for writing, too.
  SiteSettings no_site;
  for (const Key& key : keys_of(Scope::Server)) {
    if (key.reload == Reload::AtOnce) continue;
    const std::string was = to_toml(get(key, {before, no_site}));
    const std::string now = to_toml(get(key, {reloaded.settings, no_site}));
    if (was == now) continue;
    copy(key, {before, no_site}, {reloaded.settings, no_site});
    reloaded.pending.push_back(
        {.key = full_key(Scope::Server, {}, key.path), .in_force = was, .wanted = now});
  }
  return reloaded;
}

std::string to_text(const PendingChange& change) {
  const auto shown = [](const std::string& value) { return value.empty() ? "empty" : value; };
  return fmt::format("is {} and stays so: {} takes effect when pear is started anew",
                     shown(change.in_force), shown(change.wanted));
}

}  // namespace pear::config

// changed_value: another value of a key than the one that it has, for tests that walk the schema.
//
// Thread: the test's.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "config/schema.h"

namespace pear::config {

// Of keys whose values are not a number, a switch or a word. Each is one that the defaults do not
// have.
inline std::string_view changed_text(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 21> kTexts{{
      {"listen", R"(["127.0.0.1:4001"])"},
      {"https", R"(["127.0.0.1:4002"])"},
      {"certificate", R"([{ chain = "/a.pem", key = "/b.pem" }])"},
      {"admin", "127.0.0.1:4003"},
      {"proxy_protocol", R"(["192.0.2.0/24"])"},
      {"trusted_proxies", R"(["198.51.100.0/24"])"},
      {"cache", "/changed"},
      {"http3.qlog", "/changed"},
      {"hosts", R"(["changed.example.com"])"},
      {"source", "/changed.wasm"},
      {"cages", "7"},
      {"weights", "[1, 2, 3]"},
      {"route", R"(["/changed/..."])"},
      {"early_hints", R"(["</changed.css>"])"},
      {"permissions.files", R"([{ source = "/tmp", destination = "/changed" }])"},
      {"permissions.environment", R"({ CHANGED = "1" })"},
      {"heal.path", "/changed"},
      {"https.client_authorities", "/changed.pem"},
      {"build.command", "make changed"},
      {"build.workdir", "/changed"},
      {"build.watch", R"(["changed/**"])"},
  }};
  const auto* const found =
      std::ranges::find(kTexts, path, &std::pair<std::string_view, std::string_view>::first);
  return found == kTexts.end() ? std::string_view() : found->second;
}

// As on the command line; empty where the key has no other value here, which no test should let
// pass.
inline std::string changed_value(const Key& key, Target target) {
  const auto visit = [&](const auto& field) -> std::string {
    using Kind = std::decay_t<decltype(field)>;
    if constexpr (std::is_same_v<Kind, SwitchField>) {
      return field.at(target) ? "false" : "true";
    } else if constexpr (std::is_same_v<Kind, CountField>) {
      const std::uint32_t other = field.min + 1 <= field.max ? field.min + 1 : field.max;
      return std::to_string(field.at(target) == other ? field.min : other);
    } else if constexpr (std::is_same_v<Kind, SizeField>) {
      const std::uint64_t other = field.at(target) == field.min ? field.max.count : field.min.count;
      return std::to_string(other) + "B";
    } else if constexpr (std::is_same_v<Kind, DurationField>) {
      const auto other = field.at(target) == field.max ? field.min : field.max;
      return std::to_string(other.count()) + "ms";
    } else if constexpr (std::is_same_v<Kind, DurationRangeField>) {
      const auto first = std::to_string(field.min.count());
      return first + "ms.." + std::to_string(field.max.count()) + "ms";
    } else if constexpr (std::is_same_v<Kind, RateField>) {
      return "7/s burst 9";
    } else if constexpr (std::is_same_v<Kind, ChoiceField>) {
      const std::size_t other = (field.get(target) + 1) % field.words.size();
      return std::string(field.words[other]);
    } else {
      return std::string(changed_text(key.path));
    }
  };
  return std::visit(visit, key.field);
}

// Gives the key another value. Errors: what does not fit, or did not change, in words.
inline std::string change(const Key& key, Target target) {
  const std::string before = to_toml(get(key, target));
  const std::string text = changed_value(key, target);
  Reading reading{.folder = "/", .refusals = {}};
  set(key, target, value_from_text(key, text), reading);
  if (!reading.refusals.empty()) return "refused: " + text + ": " + reading.refusals[0].what;
  if (to_toml(get(key, target)) == before) return "not changed: " + before;
  return {};
}

}  // namespace pear::config

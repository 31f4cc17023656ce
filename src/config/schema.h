// Schema: every key of the configuration, described once.
//
// The loader, --set, the environment, the effective configuration and the reference in
// docs/operating/configuration.md are all made from these tables. To add a setting: a member in
// settings.h, one row in schema_server.cc or schema_site.cc, and the regenerated reference.
//
// Thread: any (immutable).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"
#include "config/value.h"

namespace pear::config {

// What a key writes to. Keys of the server leave the site alone, and the other way round.
struct Target {
  ServerSettings& server;
  SiteSettings& site;
};

// Why a value was refused. `within` names the part of a compound value: ".path", "[2]".
struct Refusal {
  Position at;
  std::string within;
  std::string what;
  std::string expected;
  std::string suggestion;
};

// What a value is read against, and where its refusals go.
struct Reading {
  std::filesystem::path folder;  // Absolute. Relative paths start here.
  std::vector<Refusal> refusals;

  void refuse(const Value& value, std::string what, std::string expected = {}) {
    refusals.push_back({value.at, {}, std::move(what), std::move(expected), {}});
  }
};

// Bounds are part of the range. `zero` is the word that stands for 0 where 0 means something of its
// own ("off", "none", "auto"); 0 is then allowed whatever the bounds are.
struct SizeField {
  Bytes& (*at)(Target);
  Bytes min;
  Bytes max;
  Bytes multiple{1};
  std::string_view zero;
};
struct DurationField {
  milliseconds& (*at)(Target);
  milliseconds min;
  milliseconds max;
  std::string_view zero;
};
struct DurationRangeField {
  milliseconds& (*first)(Target);
  milliseconds& (*last)(Target);
  milliseconds min;
  milliseconds max;
};
struct CountField {
  std::uint32_t& (*at)(Target);
  std::uint32_t min;
  std::uint32_t max;
  std::string_view zero;
};
// Count 0 is "off".
struct RateField {
  Rate& (*at)(Target);
};
struct SwitchField {
  bool& (*at)(Target);
};
// One of `words`; their order is that of the enumerators.
struct ChoiceField {
  std::span<const std::string_view> words;
  std::size_t (*get)(Target);
  void (*set)(Target, std::size_t);
};
struct TextField {
  std::string& (*at)(Target);
  std::string_view range;                    // In words.
  bool (*fits)(std::string_view) = nullptr;  // Null: any text.
};
struct PathField {
  std::filesystem::path& (*at)(Target);
  std::string_view range;
};
// A list, a table, or one text that stands for several values: see compound.h.
struct CompoundField {
  std::string_view type;  // In words.
  std::string_view range;
  Value (*get)(Target);
  void (*set)(Target, const Value&, Reading&);
  bool is_list = true;  // On the command line, "a,b" is short for ["a", "b"].
  // Origins tell where each part of an item stands ("server.certificate[0].key"), for what is found
  // wrong with it after the configuration is loaded.
  bool has_placed_parts = false;
};

using Field = std::variant<SizeField, DurationField, DurationRangeField, CountField, RateField,
                           SwitchField, ChoiceField, TextField, PathField, CompoundField>;

// What a running server does with a key that has changed in a configuration that is read again.
enum class Reload : std::uint8_t {
  AtOnce,    // Goes by it: cores from their next turn on, sites with cages that take over.
  NewStart,  // Stays as it is, and says so: only pear started anew goes by it.
};

struct Key {
  std::string_view path;  // Below [server] or [site.NAME]: "http.header_timeout".
  Field field;
  std::string_view purpose;  // One sentence.
  Reload reload = Reload::AtOnce;
};

enum class Scope : std::uint8_t { Server, Site };

// In the order in which they are printed: the keys of a section stand together.
[[nodiscard]] std::span<const Key> keys_of(Scope scope);
[[nodiscard]] const Key* find_key(Scope scope, std::string_view path);

// "server.log.level", "site.shop.limits.memory".
[[nodiscard]] std::string full_key(Scope scope, std::string_view site, std::string_view path);

// Reads `value` into the target; what does not fit is refused and changes nothing.
void set(const Key& key, Target target, const Value& value, Reading& reading);

// As a Value that set() takes; empty where the setting is empty (no cache folder, no build
// command).
[[nodiscard]] Value get(const Key& key, Target target);

// For the reference and for messages.
[[nodiscard]] std::string type_in_words(const Key& key);
[[nodiscard]] std::string range_in_words(const Key& key);

// A value from the command line or the environment, in the form that the key takes. A list may be
// given as TOML (["a", "b"]) or with commas.
[[nodiscard]] Value value_from_text(const Key& key, std::string_view text);

// Keys of capabilities that this version does not have. They are refused by name, so that nobody
// believes in a protection that is not there. A name covers everything below it.
[[nodiscard]] std::span<const std::string_view> unavailable_keys(Scope scope);
[[nodiscard]] bool is_unavailable(Scope scope, std::string_view path);
[[nodiscard]] std::span<const std::string_view> unavailable_sections();

inline constexpr std::string_view kUnavailable = "is not available in this version of Pear";

// The words of the enums, in the order of the enumerators.
[[nodiscard]] std::string_view to_text(Preset preset);

// The part of the defaults that depends on the preset.
void apply_preset(Preset preset, SiteSettings* site);

// Names of sites: 1 to 63 of a-z, 0-9, '-' and '_', the first a letter or digit.
[[nodiscard]] bool is_site_name(std::string_view name);

}  // namespace pear::config

// Problem: something in the configuration that the operator has to fix, or should know about.
//
// Thread: values.
#pragma once

#include <string>
#include <string_view>

#include "config/value.h"

namespace pear::config {

struct Problem {
  std::string where;       // The file as it was named, "environment PORT", "--set", "--listen" …
  Position at;             // In that file; line 0 elsewhere.
  std::string key;         // "site.shop.limits.memory"; empty when it is about the whole file.
  std::string what;        // One sentence without its full stop.
  std::string expected;    // The allowed range in words; may be empty.
  std::string suggestion;  // What was probably meant; may be empty.
  bool operator==(const Problem&) const = default;
};

// "pear.toml:12:3: site.shop.limits.memory: "32KiB" is out of range (allowed: …)". One line.
[[nodiscard]] std::string to_text(const Problem& problem);

// `text` for a message: in quotes, control characters escaped, cut after 80 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace pear::config

#include "config/problem.h"

#include <fmt/format.h>

namespace pear::config {

namespace {

// A terminal or a log that shows the message obeys nothing that stands in it.
std::string without_controls(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string out = '"' + without_controls(text.substr(0, kShown));
  // A character of several bytes is not cut in two.
  if (text.size() > kShown) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) {
      out.pop_back();
    }
    if (static_cast<unsigned char>(out.back()) >= 0xC0U) out.pop_back();
    out += "…";
  }
  return out + '"';
}

std::string to_text(const Problem& problem) {
  std::string out = problem.where;
  if (problem.at.line != 0) out += fmt::format(":{}:{}", problem.at.line, problem.at.column);
  out += ": ";
  if (!problem.key.empty()) out += problem.key + ": ";
  out += problem.what;
  if (!problem.expected.empty()) out += fmt::format(" (allowed: {})", problem.expected);
  if (!problem.suggestion.empty()) out += fmt::format("; did you mean {}?", problem.suggestion);
  return without_controls(out);
}

}  // namespace pear::config

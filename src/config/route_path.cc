#include "config/route_path.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/uri_path.h"
#include "config/problem.h"

namespace pear::config {
namespace {

// Calls visit(segment, is_last) for each segment of a path that starts with '/'.
template <typename Visit>
void for_each_segment(std::string_view path, Visit visit) {
  for (;;) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const bool last = end == path.size();
    visit(path.substr(0, end), last);
    if (last) return;
    path.remove_prefix(end);
  }
}

bool is_path_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f && c != '?' && c != '#' && c != '"' && c != '\\';
}

std::optional<std::string> problem_in_segment(std::string_view segment, bool last) {
  if (segment == "...") {
    if (last) return std::nullopt;
    return "\"...\" stands for the rest of the path and may only be its end";
  }
  if (segment.starts_with("...")) {
    return fmt::format("the segment {} starts with \"...\"", in_quotes(segment));
  }
  if (segment == ":") return "a parameter needs a name after its ':'";
  if (segment.starts_with('*')) {
    return R"('*' is not a wildcard here: write ":name" for one segment, "..." for the rest)";
  }
  if (segment == "." || segment == "..") {
    return fmt::format("the segment {} never reaches a server", in_quotes(segment));
  }
  return std::nullopt;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// What such an escape comes to is refused where a request has it.
std::optional<std::string> problem_in_escapes(std::string_view path) {
  for (std::size_t at = path.find('%'); at < path.size(); at = path.find('%', at + 3)) {
    const std::string_view digits = path.substr(at + 1, 2);
    if (digits.size() < 2 || !is_hex(digits[0]) || !is_hex(digits[1])) {
      return fmt::format("{} holds a '%' without two hex digits behind it", in_quotes(path));
    }
    if (digits == "00") return fmt::format("{} holds %00, which no path may have", in_quotes(path));
  }
  return std::nullopt;
}

// In normal form a segment may be one of those that stand for something.
std::optional<std::string> problem_in_spelling(std::string_view segment) {
  std::string form = "/" + std::string(segment);
  form.resize(base::normalise_path("/" + std::string(segment), form));
  const std::string_view normal = std::string_view(form).substr(1);
  if (normal == segment || (!normal.empty() && !normal.starts_with("..."))) return std::nullopt;
  return fmt::format("the segment {} stands for dots, and is written as dots or not at all",
                     in_quotes(segment));
}

}  // namespace

std::optional<std::string> problem_in_route_path(std::string_view path) {
  if (!path.starts_with('/')) return fmt::format("{} does not start with '/'", in_quotes(path));
  if (path.size() > kRoutePathBytesMax) {
    return fmt::format("it is longer than {} bytes", kRoutePathBytesMax);
  }
  if (!std::ranges::all_of(path, is_path_character)) {
    return fmt::format("{} holds a character that no path may have: percent-encode it",
                       in_quotes(path));
  }
  std::optional<std::string> problem = problem_in_escapes(path);
  for_each_segment(path, [&](std::string_view segment, bool last) {
    if (!problem) problem = problem_in_segment(segment, last);
    if (!problem) problem = problem_in_spelling(segment);
  });
  return problem;
}

std::string normal_route_path(std::string_view path) {
  std::string form(path);
  form.resize(base::normalise_path(path, form));
  return form;
}

std::string route_pattern(std::string_view path) {
  std::string pattern;
  for_each_segment(path, [&](std::string_view segment, bool) {
    pattern += '/';
    pattern += segment.starts_with(':') ? std::string_view(":") : segment;
  });
  return pattern;
}

}  // namespace pear::config

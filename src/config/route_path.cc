#include "config/route_path.h"

#include <algorithm>

#include <fmt/format.h>

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
  std::optional<std::string> problem;
  for_each_segment(path, [&](std::string_view segment, bool last) {
    if (!problem) problem = problem_in_segment(segment, last);
  });
  return problem;
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

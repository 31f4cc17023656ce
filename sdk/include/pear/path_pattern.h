// Path patterns: "/users/:id" and "/files/...", the grammar of the routes in pear.toml.
//
// A pattern is matched segment by segment against the path as it came, still percent-encoded, so
// that an encoded slash is no separator. `:name` takes one segment that is not empty; a last `...`
// takes the rest, which may be empty ("/files/..." matches "/files" and "/files/" as well).
//
// Thread: any; pure. Memory: captures are views into the pattern and the path.
#pragma once

#include <cstddef>
#include <string_view>

#include "pear/text.h"

namespace pear {

struct PathCapture {
  std::string_view name;   // "id", or "..." for the rest.
  std::string_view value;  // Still percent-encoded.
};

class PathMatch {
 public:
  static constexpr std::size_t kCapturesMax = 8;

  // Empty when there is no such capture.
  [[nodiscard]] constexpr std::string_view get(std::string_view name) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (captures_[i].name == name) return captures_[i].value;
    }
    return {};
  }
  [[nodiscard]] constexpr std::size_t size() const { return count_; }

  // False when there are kCapturesMax already.
  constexpr bool add(PathCapture capture) {
    if (count_ == kCapturesMax) return false;
    captures_[count_++] = capture;
    return true;
  }
  constexpr void clear() { count_ = 0; }

 private:
  PathCapture captures_[kCapturesMax];
  std::size_t count_ = 0;
};

// Whether `path` (from its slash to before the question mark) fits `pattern`; then `match` holds
// what was captured. A pattern with more than PathMatch::kCapturesMax captures fits nothing.
[[nodiscard]] constexpr bool match_path(std::string_view pattern, std::string_view path,
                                        PathMatch& match) {
  match.clear();
  if (pattern.empty() || path.empty() || pattern.front() != '/' || path.front() != '/')
    return false;
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  bool path_ended = false;  // Its last segment has been taken.
  while (true) {
    if (pattern == "...") return match.add({.name = "...", .value = path});
    if (path_ended) return false;
    const bool pattern_last = pattern.find('/') == std::string_view::npos;
    path_ended = path.find('/') == std::string_view::npos;
    const std::string_view want = take_until(pattern, '/');
    const std::string_view have = take_until(path, '/');
    if (want.size() > 1 && want.front() == ':') {
      if (have.empty() || !match.add({.name = want.substr(1), .value = have})) return false;
    } else if (want != have) {
      return false;
    }
    if (pattern_last) return path_ended;
  }
}

}  // namespace pear

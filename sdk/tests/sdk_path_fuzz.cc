// Fuzzes the path patterns. Property: a second implementation, which splits both sides into lists
// first, agrees.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "pear/path_pattern.h"

namespace {

// "/a//b" is a, an empty one, b.
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool is_name(std::string_view segment) {
  return segment.size() > 1 && segment.front() == ':';
}

bool fits(std::string_view pattern, std::string_view path) {
  if (!pattern.starts_with('/') || !path.starts_with('/')) return false;
  std::vector<std::string_view> want = segments_of(pattern);
  std::vector<std::string_view> have = segments_of(path);
  std::size_t captures = 0;
  if (want.back() == "...") {
    want.pop_back();
    if (have.size() < want.size()) return false;
    have.resize(want.size());
    ++captures;
  }
  if (want.size() != have.size()) return false;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (is_name(want[i]) ? have[i].empty() : want[i] != have[i]) return false;
  }
  captures += static_cast<std::size_t>(std::ranges::count_if(want, is_name));
  return captures <= pear::PathMatch::kCapturesMax;
}

}  // namespace

// The input is a pattern, a newline and a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view path(reinterpret_cast<const char*>(bytes), size);
  const std::string_view pattern = pear::take_until(path, '\n');
  pear::PathMatch match;
  const bool matched = pear::match_path(pattern, path, match);
  PEAR_ASSERT(matched == fits(pattern, path), "the two implementations disagree");
  return 0;
}

// LineSplitter: makes lines of the pieces that a guest wrote to its stdout or stderr.
//
// A line that grows beyond the bound is given in parts of that size, so that a guest that never
// ends its lines holds no more memory than one that does. Empty lines are left out.
//
// Thread:  one thread; one splitter for each stream of an instance.
// Memory:  nothing until the guest writes part of a line; then at most kHeldBytesMax.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace pear::log {

class LineSplitter {
 public:
  static constexpr std::size_t kHeldBytesMax = 1024;

  // Calls `on_line(std::string_view)` for each line that `piece` completes. The view lives until
  // on_line returns.
  template <typename OnLine>
  void feed(std::string_view piece, const OnLine& on_line) {
    while (!piece.empty()) {
      const std::size_t end = std::min(piece.find('\n'), piece.size());
      const std::size_t taken = std::min(end, kHeldBytesMax - held_.size());
      const bool line_over = taken == end && end < piece.size();
      const bool full = held_.size() + taken == kHeldBytesMax;
      if (held_.empty() && (line_over || full)) {
        give(piece.substr(0, taken), on_line);
      } else {
        held_.append(piece.substr(0, taken));
        if (line_over || full) finish(on_line);
      }
      piece.remove_prefix(taken + (line_over ? 1 : 0));
    }
  }

  // Gives what is held although its line did not end: at the end of the request.
  template <typename OnLine>
  void finish(const OnLine& on_line) {
    if (held_.empty()) return;
    give(held_, on_line);
    held_.clear();
  }

 private:
  template <typename OnLine>
  static void give(std::string_view line, const OnLine& on_line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) on_line(line);
  }

  std::string held_;
};

}  // namespace pear::log

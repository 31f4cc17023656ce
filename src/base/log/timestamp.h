// Timestamp: writes a time of day as RFC 3339 with microseconds, in UTC.
//
// Source:  RFC 3339, section 5.6: 2026-11-22T22:01:02.123456Z.
// Thread:  one thread; each logger has its own.
// Memory:  the text of the running second is kept, so that a line costs the six digits behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"

namespace pear::log {

class Timestamp {
 public:
  static constexpr std::size_t kBytes = 27;

  // Years 0 to 9999; other times are written as the nearest of these.
  void write(WallTime now, std::span<char, kBytes> out);

 private:
  static constexpr std::size_t kPrefixBytes = 20;  // "2026-11-22T22:01:02."

  void write_second(std::int64_t second);

  std::array<char, kPrefixBytes> prefix_{};
  std::int64_t second_ = INT64_MIN;  // Since 1970; what prefix_ says.
};

}  // namespace pear::log

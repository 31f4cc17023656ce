// Schedule: when each request of a load run is due, fixed before the run starts.
//
// In an open loop the time at which a request is due does not depend on how the server answered the
// ones before. Latency counts from that time, so a server that stalls is charged for every request
// that the stall held up ("coordinated omission" is what a tool does that forgets them).
//
// Thread: any (immutable once made).
// Memory: at_times() keeps 8 bytes for each request, the others none.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace pear::load {

class Schedule {
 public:
  // A request is due as soon as a connection is free.
  [[nodiscard]] static Schedule as_fast_as_possible();
  // Request i is due i / rate_per_s after the start. `rate_per_s` is above 0.
  [[nodiscard]] static Schedule at_rate(double rate_per_s);
  // Request i is due times[i] after the start. Must not decrease.
  [[nodiscard]] static Schedule at_times(std::vector<std::chrono::nanoseconds> times);

  [[nodiscard]] bool is_open_loop() const { return kind_ != Kind::Fast; }

  // When request `index` is due, counted from the start of the run. Only for an open loop; for
  // at_times(), index is within the list.
  [[nodiscard]] std::chrono::nanoseconds due(std::uint64_t index) const;

  // How many requests are due before `span` has passed. For a list, at most its size. The largest
  // number where there is no schedule.
  [[nodiscard]] std::uint64_t due_before(std::chrono::nanoseconds span) const;

 private:
  enum class Kind : std::uint8_t { Fast, Rate, Times };

  Schedule() = default;

  Kind kind_ = Kind::Fast;
  double rate_per_s_ = 0;
  std::vector<std::chrono::nanoseconds> times_;
};

}  // namespace pear::load

#include "data/protocol/pacing.h"

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

#include "base/time.h"
#include "io/timer_wheel.h"

namespace pear::data::protocol {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr MonotonicTime kStart{seconds(5) + microseconds(123)};

// A connection that always has something to send, with the pacing of quiche: the next datagram may
// leave `interval` after this one, counted from this one's time or, where it was late, from when it
// left.
class Sender {
 public:
  explicit Sender(nanoseconds interval) : interval_(interval) {}

  void send(MonotonicTime now) {
    nanoseconds delay{};
    do {
      earliest_ = std::max(earliest_, due_ - now);
      due_ = std::max(due_, now) + interval_;
      ++sent_;
      delay = due_ - now;
    } while (Pacing::goes_now(delay));
    wheel_.arm(timer_, Pacing::next(now, delay));
  }

  // The kernel wakes a reactor in whole milliseconds.
  void run(nanoseconds time) {
    send(kStart);
    for (MonotonicTime now = kStart; now < kStart + time; now += milliseconds(1))
      wheel_.advance(now);
  }

  [[nodiscard]] int sent() const { return sent_; }
  // How much before its time a datagram has left at most.
  [[nodiscard]] nanoseconds earliest() const { return earliest_; }

 private:
  void on_timer(MonotonicTime now) { send(now); }

  nanoseconds interval_;
  MonotonicTime due_ = kStart;
  int sent_ = 0;
  nanoseconds earliest_{};
  io::TimerWheel wheel_{kStart};
  io::Timer timer_ = io::Timer::calling<&Sender::on_timer>(*this);
};

// Else a link that becomes faster stays as slow as it was: a congestion control that cannot send as
// much as it wants to does not find out.
TEST(PacingTest, SendsAsMuchAsItMay) {
  for (const nanoseconds interval :
       {microseconds(20), microseconds(300), microseconds(900), microseconds(1'100),
        microseconds(1'900), microseconds(2'050), microseconds(7'700), microseconds(40'500)}) {
    Sender sender(interval);
    sender.run(seconds(10));
    const double wanted = seconds(10) / std::chrono::duration<double>(interval);
    EXPECT_NEAR(sender.sent() / wanted, 1.0, 0.01) << interval.count() << " ns";
  }
}

TEST(PacingTest, SendsNothingMuchBeforeItsTime) {
  for (const nanoseconds interval : {microseconds(20), microseconds(900), microseconds(7'700)}) {
    Sender sender(interval);
    sender.run(seconds(1));
    EXPECT_LE(sender.earliest(), Pacing::kSlack);
  }
}

}  // namespace
}  // namespace pear::data::protocol

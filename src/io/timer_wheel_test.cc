#include "io/timer_wheel.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace pear::io {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonotonicTime kStart{hours(5) + microseconds(123)};

class FakeTimer : public TimerNode {
 public:
  void on_timer(MonotonicTime now) override { fired_at.push_back(now); }
  std::vector<MonotonicTime> fired_at;
};

TEST(TimerWheel, FiresAtTheDeadlineAndNotATickBefore) {
  for (const milliseconds delay :
       {milliseconds(1), milliseconds(63), milliseconds(64), milliseconds(4096),
        milliseconds(262'144), milliseconds(99'999'999)}) {
    TimerWheel wheel(kStart);
    FakeTimer timer;
    wheel.arm(timer, kStart + delay);
    EXPECT_EQ(wheel.advance(kStart + delay - microseconds(1)), 0U) << delay.count();
    EXPECT_TRUE(timer.armed());
    EXPECT_EQ(wheel.advance(kStart + delay), 1U) << delay.count();
    EXPECT_FALSE(timer.armed());
    EXPECT_EQ(wheel.advance(kStart + delay * 2), 0U) << "once only";
  }
}

TEST(TimerWheel, RoundsADeadlineInsideATickUp) {
  TimerWheel wheel(kStart);
  FakeTimer timer;
  wheel.arm(timer, kStart + microseconds(1500));
  EXPECT_EQ(wheel.advance(kStart + microseconds(1999)), 0U);
  EXPECT_EQ(wheel.advance(kStart + milliseconds(2)), 1U);
}

TEST(TimerWheel, FiresAPassedDeadlineInTheNextTick) {
  TimerWheel wheel(kStart);
  FakeTimer timer;
  wheel.advance(kStart + seconds(10));
  wheel.arm(timer, kStart);
  EXPECT_EQ(wheel.advance(kStart + seconds(10)), 0U);
  EXPECT_EQ(wheel.advance(kStart + seconds(10) + milliseconds(1)), 1U);
}

TEST(TimerWheel, NeverFiresACancelledTimer) {
  TimerWheel wheel(kStart);
  FakeTimer timer;
  wheel.arm(timer, kStart + seconds(1));
  timer.cancel();
  timer.cancel();
  EXPECT_FALSE(timer.armed());
  EXPECT_EQ(wheel.advance(kStart + hours(1)), 0U);
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  EXPECT_TRUE(wheel.empty());
}

TEST(TimerWheel, MovesATimerThatIsArmedAgain) {
  TimerWheel wheel(kStart);
  FakeTimer timer;
  wheel.arm(timer, kStart + seconds(1));
  wheel.arm(timer, kStart + seconds(3));
  EXPECT_EQ(wheel.advance(kStart + seconds(2)), 0U);
  EXPECT_EQ(wheel.advance(kStart + seconds(3)), 1U);
}

TEST(TimerWheel, ForgetsATimerThatDies) {
  TimerWheel wheel(kStart);
  auto timer = std::make_unique<FakeTimer>();
  wheel.arm(*timer, kStart + seconds(1));
  timer.reset();
  EXPECT_EQ(wheel.advance(kStart + seconds(2)), 0U);
}

TEST(TimerWheel, HoldsADeadlineBeyondItsRange) {
  constexpr hours kRange{24 * 795};
  TimerWheel wheel(kStart);
  FakeTimer years;
  FakeTimer never;
  wheel.arm(years, kStart + 3 * kRange);
  wheel.arm(never, MonotonicTime::max());
  for (int part = 1; part < 12; ++part) {
    EXPECT_EQ(wheel.advance(kStart + part * (kRange / 4)), 0U) << part;
  }
  EXPECT_EQ(wheel.advance(kStart + 3 * kRange - milliseconds(1)), 0U);
  EXPECT_EQ(wheel.advance(kStart + 3 * kRange), 1U);
  EXPECT_TRUE(never.armed());
}

TEST(TimerWheel, SaysWhenToLookAgain) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  FakeTimer timer;
  wheel.arm(timer, kStart + milliseconds(7));
  EXPECT_EQ(wheel.next_deadline(), kStart + milliseconds(7));
  wheel.arm(timer, kStart + seconds(100));
  int looks = 0;
  while (timer.fired_at.empty()) {
    const auto next = wheel.next_deadline();
    ASSERT_TRUE(next);
    ASSERT_LE(*next, kStart + seconds(100));
    wheel.advance(*next);
    ASSERT_LE(++looks, 4) << "a far timer costs one look a level";
  }
  EXPECT_EQ(timer.fired_at.front(), kStart + seconds(100));
}

TEST(TimerWheel, FiresNoMoreThanItsShareAtOnceAndTheRestAfterwards) {
  TimerWheel wheel(kStart);
  std::vector<FakeTimer> timers(TimerWheel::kFiredMax + 10);
  for (FakeTimer& timer : timers) wheel.arm(timer, kStart + seconds(1));
  const MonotonicTime later = kStart + seconds(2);
  EXPECT_EQ(wheel.advance(later), TimerWheel::kFiredMax);
  ASSERT_TRUE(wheel.next_deadline());
  EXPECT_LE(*wheel.next_deadline(), later) << "it wants to be called again at once";
  timers.back().cancel();
  EXPECT_EQ(wheel.advance(later), 9U);
  EXPECT_TRUE(wheel.empty());
}

// A timer that cancels and destroys others that are due with it, and arms itself again.
class Meddler : public TimerNode {
 public:
  explicit Meddler(TimerWheel& wheel) : wheel_(wheel) {}
  void on_timer(MonotonicTime now) override {
    ++times;
    wheel_.arm(*this, kStart);
    if (to_cancel != nullptr) to_cancel->cancel();
    to_destroy.reset();
    if (to_move != nullptr) wheel_.arm(*to_move, now + seconds(1));
  }
  int times = 0;
  FakeTimer* to_cancel = nullptr;
  FakeTimer* to_move = nullptr;
  std::unique_ptr<FakeTimer> to_destroy;

 private:
  TimerWheel& wheel_;
};

TEST(TimerWheel, LetsATimerCancelMoveAndDestroyOthersThatAreDueWithIt) {
  TimerWheel wheel(kStart);
  Meddler meddler(wheel);
  FakeTimer cancelled;
  FakeTimer moved;
  meddler.to_cancel = &cancelled;
  meddler.to_move = &moved;
  meddler.to_destroy = std::make_unique<FakeTimer>();
  const MonotonicTime due = kStart + milliseconds(500);
  for (TimerNode* timer :
       {static_cast<TimerNode*>(&meddler), static_cast<TimerNode*>(&cancelled),
        static_cast<TimerNode*>(&moved), static_cast<TimerNode*>(meddler.to_destroy.get())}) {
    wheel.arm(*timer, due);
  }
  EXPECT_EQ(wheel.advance(due + seconds(5)), 1U);
  EXPECT_EQ(meddler.times, 1) << "armed again for the past it waits for the next tick";
  EXPECT_TRUE(cancelled.fired_at.empty());
  EXPECT_TRUE(moved.armed());
  meddler.to_move = nullptr;
  EXPECT_EQ(wheel.advance(due + seconds(6)), 2U);
  EXPECT_EQ(moved.fired_at.size(), 1U);
}

TEST(Timer, CallsTheMethodOfItsOwner) {
  struct Owner {
    Timer timer = Timer::calling<&Owner::on_idle>(*this);
    MonotonicTime idle_at;
    void on_idle(MonotonicTime now) { idle_at = now; }
  };
  TimerWheel wheel(kStart);
  Owner owner;
  wheel.arm(owner.timer, kStart + seconds(1));
  wheel.advance(kStart + seconds(1));
  EXPECT_EQ(owner.idle_at, kStart + seconds(1));
}

// The wheel against the plainest thing that could be right: a sorted map of deadlines.
class Model {
 public:
  Model(TimerWheel& wheel, std::size_t count) : wheel_(wheel), timers_(count), deadlines_(count) {}

  void arm(std::size_t i, MonotonicTime deadline, MonotonicTime now) {
    cancel(i);
    wheel_.arm(timers_[i], deadline);
    // Due in the first whole tick at or after the deadline, and after now.
    const auto ticks = std::chrono::ceil<milliseconds>(deadline - kStart);
    const auto passed = std::chrono::floor<milliseconds>(now - kStart);
    deadlines_[i] = by_deadline_.emplace(std::max(ticks, passed + milliseconds(1)), i);
  }
  void cancel(std::size_t i) {
    if (timers_[i].armed()) {
      by_deadline_.erase(deadlines_[i]);
    }
    timers_[i].cancel();
  }
  void advance(MonotonicTime now) {
    while (wheel_.advance(now) == TimerWheel::kFiredMax) {
    }
    const auto passed = std::chrono::floor<milliseconds>(now - kStart);
    while (!by_deadline_.empty() && by_deadline_.begin()->first <= passed) {
      const std::size_t i = by_deadline_.begin()->second;
      ASSERT_FALSE(timers_[i].armed()) << "late";
      ASSERT_EQ(timers_[i].fired_at.size(), 1U);
      timers_[i].fired_at.clear();
      by_deadline_.erase(by_deadline_.begin());
    }
    for (const FakeTimer& timer : timers_) ASSERT_TRUE(timer.fired_at.empty()) << "early";
    const auto next = wheel_.next_deadline();
    ASSERT_EQ(next.has_value(), !by_deadline_.empty());
    if (next) {
      ASSERT_LE(*next, kStart + by_deadline_.begin()->first);
      ASSERT_GT(*next, now - milliseconds(1));
    }
  }

 private:
  using Deadlines = std::multimap<milliseconds, std::size_t>;
  TimerWheel& wheel_;
  std::vector<FakeTimer> timers_;
  Deadlines by_deadline_;
  std::vector<Deadlines::iterator> deadlines_;
};

TEST(TimerWheel, AgreesWithASortedMapOverRandomHistories) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    // Distances of every magnitude, from a microsecond to 2^41 ms.
    const auto distance = [&random] {
      const auto bits = random() % 51;
      return microseconds(static_cast<std::int64_t>(random() % (std::uint64_t{1} << bits)));
    };
    TimerWheel wheel(kStart);
    constexpr std::size_t kTimers = 40;
    Model model(wheel, kTimers);
    MonotonicTime now = kStart;
    const MonotonicTime last = kStart + hours(24 * 365 * 60);
    for (int step = 0; step < 2000 && now < last; ++step) {
      const std::size_t i = random() % kTimers;
      switch (random() % 4) {
        case 0:
        case 1:
          model.arm(i, now + distance() - microseconds(500), now);
          break;
        case 2:
          model.cancel(i);
          break;
        default:
          now += distance() / (1 + static_cast<std::int64_t>(random() % 64));
          model.advance(now);
          break;
      }
      ASSERT_FALSE(HasFatalFailure());
    }
  }
}

}  // namespace
}  // namespace pear::io

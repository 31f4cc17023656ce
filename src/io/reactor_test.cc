#include "io/reactor.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/unique_fd.h"

namespace pear::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// An eventfd that can be made readable, and what its handler saw.
class FakeSource : public IoHandler {
 public:
  FakeSource() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  void make_readable() const { ASSERT_EQ(::eventfd_write(fd_.get(), 1), 0); }
  void drain() const {
    eventfd_t value = 0;
    static_cast<void>(::eventfd_read(fd_.get(), &value));
  }
  void on_io(IoEvents events) override {
    seen.push_back(events);
    if (then) then();
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

  std::vector<IoEvents> seen;
  std::function<void()> then;

 private:
  UniqueFd fd_;
};

class ReactorTest : public testing::Test {
 public:
  void watch(FakeSource& source, Reactor::Trigger trigger = Reactor::Trigger::Edge) const {
    ASSERT_TRUE(reactor->add(source, source.fd(), IoEvents::read(), trigger));
  }

  std::unique_ptr<Reactor> reactor = Reactor::open().value();
};

TEST_F(ReactorTest, TellsAHandlerThatItsDescriptorIsReadable) {
  FakeSource source;
  watch(source);
  EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
  source.make_readable();
  EXPECT_EQ(reactor->turn(), 1U);
  ASSERT_EQ(source.seen.size(), 1U);
  EXPECT_TRUE(source.seen[0].readable());
  EXPECT_FALSE(source.seen[0].writable());
  EXPECT_FALSE(source.seen[0].peer_closed());
}

TEST_F(ReactorTest, TellsOfAnEdgeOnceAndOfALevelAsLongAsItLasts) {
  FakeSource edge;
  FakeSource level;
  watch(edge);
  watch(level, Reactor::Trigger::Level);
  edge.make_readable();
  level.make_readable();
  for (int i = 0; i < 3; ++i) reactor->turn(Reactor::Wait::No);
  EXPECT_EQ(edge.seen.size(), 1U);
  EXPECT_EQ(level.seen.size(), 3U);
  level.drain();
  reactor->turn(Reactor::Wait::No);
  EXPECT_EQ(level.seen.size(), 3U);
}

TEST_F(ReactorTest, TellsNothingToAHandlerThatWasRemovedOrChangedItsMind) {
  FakeSource removed;
  FakeSource changed;
  watch(removed);
  watch(changed);
  removed.make_readable();
  changed.make_readable();
  reactor->remove(removed);
  reactor->modify(changed, IoEvents(), Reactor::Trigger::Edge);
  reactor->turn(Reactor::Wait::No);
  EXPECT_TRUE(removed.seen.empty());
  EXPECT_TRUE(changed.seen.empty());
  reactor->modify(changed, IoEvents::read_write(), Reactor::Trigger::Edge);
  reactor->turn(Reactor::Wait::No);
  ASSERT_EQ(changed.seen.size(), 1U);
  EXPECT_TRUE(changed.seen[0].writable());
  EXPECT_EQ(reactor->watched(), 1U);
}

TEST_F(ReactorTest, IsSafeWhenAHandlerDestroysOthersThatHaveEventsInTheSameTurn) {
  std::vector<std::unique_ptr<FakeSource>> sources;
  int runs = 0;
  for (int i = 0; i < 10; ++i) {
    sources.push_back(std::make_unique<FakeSource>());
    watch(*sources.back());
    sources.back()->make_readable();
    sources.back()->then = [&] {
      ++runs;
      // Destroys all, the one that runs as well.
      auto doomed = std::move(sources);
      sources.clear();
    };
  }
  reactor->turn();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(reactor->watched(), 0U);
}

TEST_F(ReactorTest, TellsNothingStaleToAHandlerThatIsAddedAgainInTheSameTurn) {
  FakeSource first;
  FakeSource second;
  FakeSource silent;
  for (FakeSource* source : {&first, &second}) {
    watch(*source);
    source->make_readable();
  }
  // Whichever runs first moves the other one to a descriptor that is not readable.
  const auto move = [&](FakeSource& other) {
    if (!other.seen.empty()) return;
    reactor->remove(other);
    ASSERT_TRUE(reactor->add(other, silent.fd(), IoEvents::read(), Reactor::Trigger::Edge));
  };
  first.then = [&] { move(second); };
  second.then = [&] { move(first); };
  reactor->turn();
  EXPECT_EQ(first.seen.size() + second.seen.size(), 1U);
  reactor->remove(first);
  reactor->remove(second);
}

TEST_F(ReactorTest, TellsNothingToAHandlerThatDiesBetweenTheHalvesOfATurn) {
  auto dead = std::make_unique<FakeSource>();
  FakeSource alive;
  for (FakeSource* source : {dead.get(), &alive}) {
    watch(*source);
    source->make_readable();
  }
  reactor->begin_turn(Reactor::Wait::UntilEvent);
  dead.reset();
  EXPECT_EQ(reactor->run_turn(), 1U);
  EXPECT_EQ(alive.seen.size(), 1U);
}

TEST_F(ReactorTest, GivesAHandlerAnotherGoInTheNextTurnWithoutWaiting) {
  FakeSource source;
  watch(source);
  source.make_readable();
  source.then = [&] {
    if (source.seen.size() < 3) reactor->run_again(source, IoEvents::read());
  };
  reactor->turn();
  EXPECT_EQ(source.seen.size(), 1U);
  EXPECT_EQ(reactor->turn(), 1U);
  EXPECT_EQ(reactor->turn(), 1U);
  EXPECT_EQ(source.seen.size(), 3U);
  EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
}

TEST_F(ReactorTest, JoinsAnotherGoWithEventsThatCameMeanwhile) {
  FakeSource source;
  watch(source);
  reactor->run_again(source, IoEvents::write());
  source.make_readable();
  EXPECT_EQ(reactor->turn(), 1U);
  ASSERT_EQ(source.seen.size(), 1U);
  EXPECT_TRUE(source.seen[0].readable());
  EXPECT_TRUE(source.seen[0].writable());
}

TEST_F(ReactorTest, ForgetsTheOtherGoOfAHandlerThatIsRemoved) {
  FakeSource source;
  watch(source);
  reactor->run_again(source, IoEvents::read());
  reactor->remove(source);
  watch(source);
  EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
  EXPECT_TRUE(source.seen.empty());
}

class FakeFlusher {
 public:
  explicit FakeFlusher(Reactor& reactor) : reactor_(reactor) {}
  void flush() {
    ++flushes;
    if (again) reactor_.defer(call);
  }
  DeferredCall call = DeferredCall::calling<&FakeFlusher::flush>(*this);
  int flushes = 0;
  bool again = false;

 private:
  Reactor& reactor_;
};

TEST_F(ReactorTest, RunsADeferredCallOnceAtTheEndOfTheTurn) {
  FakeFlusher flusher(*reactor);
  FakeSource source;
  watch(source);
  source.make_readable();
  source.then = [&] {
    reactor->defer(flusher.call);
    reactor->defer(flusher.call);
    EXPECT_EQ(flusher.flushes, 0);
  };
  EXPECT_EQ(reactor->turn(), 2U);
  EXPECT_EQ(flusher.flushes, 1);
}

TEST_F(ReactorTest, PutsACallThatDefersItselfOffToTheNextTurn) {
  FakeFlusher flusher(*reactor);
  flusher.again = true;
  reactor->defer(flusher.call);
  EXPECT_EQ(reactor->turn(), 1U);
  flusher.again = false;
  EXPECT_EQ(reactor->turn(), 1U);
  EXPECT_EQ(flusher.flushes, 2);
  reactor->defer(flusher.call);
  flusher.call.cancel();
  EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
}

TEST_F(ReactorTest, SleepsUntilTheNextTimerAndReadsTheTimeAfterwards) {
  struct Owner {
    Timer timer = Timer::calling<&Owner::on_time>(*this);
    MonotonicTime at;
    void on_time(MonotonicTime now) { at = now; }
  } owner;
  const MonotonicTime deadline = reactor->now() + milliseconds(20);
  reactor->timers().arm(owner.timer, deadline);
  while (owner.at == MonotonicTime()) reactor->turn();
  EXPECT_GE(owner.at, deadline);
  EXPECT_EQ(owner.at, reactor->now());
}

TEST_F(ReactorTest, DoesNotSleepAfterAWakeUpThatCameWhileItWasAwake) {
  FakeSource far;
  watch(far);
  reactor->waker().wake();
  reactor->waker().wake();
  EXPECT_EQ(reactor->turn(), 0U) << "it returns at once, to look for work";
}

TEST_F(ReactorTest, ReportsADescriptorThatCannotBeWatched) {
  FakeSource source;
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(file.is_open());
  const auto added = reactor->add(source, file.get(), IoEvents::read(), Reactor::Trigger::Edge);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().os_errno, EPERM);
  EXPECT_FALSE(source.watched());
}

// Each wake-up must end one sleep: the other thread waits for the loop's answer before it goes on,
// so that one lost wake-up would stop both.
TEST_F(ReactorTest, IsWokenByAnotherThreadEveryTime) {
  constexpr int kRounds = 20'000;
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
  std::thread other([&] {
    for (int round = 1; round <= kRounds; ++round) {
      asked.store(round, std::memory_order_relaxed);
      reactor->waker().wake();
      for (int seen = answered.load(); seen != round; seen = answered.load()) answered.wait(seen);
    }
  });
  while (answered.load() < kRounds) {
    const int seen = asked.load(std::memory_order_relaxed);
    if (seen != answered.load()) {
      answered.store(seen);
      answered.notify_one();
    } else {
      reactor->turn();
    }
  }
  other.join();
}

TEST(ReactorDeathTest, RefusesToDieBeforeItsHandlers) {
  EXPECT_DEATH(
      {
        FakeSource source;
        auto reactor = Reactor::open().value();
        const auto added =
            reactor->add(source, source.fd(), IoEvents::read(), Reactor::Trigger::Edge);
        EXPECT_TRUE(added);
        reactor.reset();
      },
      "dead reactor");
}

}  // namespace
}  // namespace pear::io

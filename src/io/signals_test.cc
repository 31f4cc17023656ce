#include "io/signals.h"

#include <array>
#include <csignal>
#include <memory>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

namespace pear::io {
namespace {

class FakeListener : public SignalListener {
 public:
  void on_signal(int signal) override {
    seen.push_back(signal);
    if (ends_watching) watcher.reset();
  }
  std::vector<int> seen;
  std::unique_ptr<SignalWatcher> watcher;
  bool ends_watching = false;
};

constexpr std::array kSignals{SIGUSR1, SIGUSR2};

TEST(SignalWatcher, TellsOfSignalsAsEventsOfTheLoop) {
  ASSERT_TRUE(block_signals(kSignals));
  auto reactor = Reactor::open().value();
  FakeListener listener;
  listener.watcher = SignalWatcher::open(*reactor, kSignals, listener).value();
  ASSERT_EQ(::kill(::getpid(), SIGUSR2), 0);
  ASSERT_EQ(::kill(::getpid(), SIGUSR1), 0);
  while (listener.seen.size() < 2) reactor->turn();
  EXPECT_EQ(listener.seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
  EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
}

TEST(SignalWatcher, MayBeDestroyedByItsListener) {
  ASSERT_TRUE(block_signals(kSignals));
  auto reactor = Reactor::open().value();
  FakeListener listener;
  listener.ends_watching = true;
  listener.watcher = SignalWatcher::open(*reactor, kSignals, listener).value();
  ASSERT_EQ(::kill(::getpid(), SIGUSR1), 0);
  while (listener.seen.empty()) reactor->turn();
  EXPECT_EQ(listener.watcher, nullptr);
  EXPECT_EQ(reactor->watched(), 0U);
}

TEST(Signals, UnblockUndoesBlock) {
  const auto is_blocked = [](int signal) {
    sigset_t set;
    EXPECT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &set), 0);
    return ::sigismember(&set, signal) == 1;
  };
  ASSERT_TRUE(block_signals(kSignals));
  EXPECT_TRUE(is_blocked(SIGUSR1));
  ASSERT_TRUE(unblock_signals(kSignals));
  EXPECT_FALSE(is_blocked(SIGUSR1));
  EXPECT_FALSE(is_blocked(SIGUSR2));
}

}  // namespace
}  // namespace pear::io

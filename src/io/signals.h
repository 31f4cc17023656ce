// Signals: SIGTERM and its like as events of a reactor, without a signal handler.
//
// Block them first, in main(), before any thread starts: a thread that does not block a signal
// would get it. A child process inherits the blocked set: unblock it before exec.
//
// Thread: block() in main(); a SignalWatcher on the thread of its reactor.
// Memory: in place.
#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "io/reactor.h"
#include "io/unique_fd.h"

namespace pear::io {

class SignalListener {
 public:
  SignalListener() = default;
  virtual ~SignalListener() = default;
  SignalListener(const SignalListener&) = delete;
  SignalListener& operator=(const SignalListener&) = delete;
  SignalListener(SignalListener&&) = delete;
  SignalListener& operator=(SignalListener&&) = delete;

  // Signals that come faster than they are told are told once, as signals are. May destroy the
  // watcher.
  virtual void on_signal(int signal) = 0;
};

// Keeps `signals` from interrupting this thread and those that it starts. Errors: OsError.
[[nodiscard]] Result<void> block_signals(std::span<const int> signals);
// The opposite, for a child process. Errors: OsError.
[[nodiscard]] Result<void> unblock_signals(std::span<const int> signals);

class SignalWatcher final : private IoHandler {
 public:
  // Tells `listener` of each of `signals`, which are blocked already. `reactor` and `listener` must
  // outlive the watcher. Errors: OsError.
  [[nodiscard]] static Result<std::unique_ptr<SignalWatcher>> open(Reactor& reactor,
                                                                   std::span<const int> signals,
                                                                   SignalListener& listener);
  // Use open().
  SignalWatcher(Reactor& reactor, UniqueFd fd, SignalListener& listener);
  ~SignalWatcher() override;

  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;
  SignalWatcher(SignalWatcher&&) = delete;
  SignalWatcher& operator=(SignalWatcher&&) = delete;

 private:
  void on_io(IoEvents events) override;

  Reactor& reactor_;
  UniqueFd fd_;
  SignalListener& listener_;
};

}  // namespace pear::io

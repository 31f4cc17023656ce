#include "io/signals.h"

#include <csignal>
#include <utility>

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/os_error.h"

namespace pear::io {
namespace {

sigset_t set_of(std::span<const int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  return set;
}

Result<void> change_mask(int how, std::span<const int> signals) {
  const sigset_t set = set_of(signals);
  const int error = ::pthread_sigmask(how, &set, nullptr);
  if (error != 0) return fail_os("pthread_sigmask() failed", error);
  return {};
}

}  // namespace

Result<void> block_signals(std::span<const int> signals) {
  return change_mask(SIG_BLOCK, signals);
}

Result<void> unblock_signals(std::span<const int> signals) {
  return change_mask(SIG_UNBLOCK, signals);
}

Result<std::unique_ptr<SignalWatcher>> SignalWatcher::open(Reactor& reactor,
                                                           std::span<const int> signals,
                                                           SignalListener& listener) {
  const sigset_t set = set_of(signals);
  UniqueFd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.is_open()) return fail_os("signalfd() failed");
  const int number = fd.get();
  auto watcher = std::make_unique<SignalWatcher>(reactor, std::move(fd), listener);
  PEAR_TRY(reactor.add(*watcher, number, IoEvents::read(), Reactor::Trigger::Level));
  return watcher;
}

SignalWatcher::SignalWatcher(Reactor& reactor, UniqueFd fd, SignalListener& listener)
    : reactor_(reactor), fd_(std::move(fd)), listener_(listener) {}

SignalWatcher::~SignalWatcher() {
  // Before the descriptor is closed.
  reactor_.remove(*this);
}

void SignalWatcher::on_io(IoEvents /*events*/) {
  // One a turn, told again while there are more: the listener may destroy us.
  signalfd_siginfo arrived{};
  if (::read(fd_.get(), &arrived, sizeof(arrived)) != sizeof(arrived)) return;
  listener_.on_signal(static_cast<int>(arrived.ssi_signo));
}

}  // namespace pear::io

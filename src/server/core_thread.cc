#include "server/core_thread.h"

#include <utility>

#include <pthread.h>

#include <fmt/format.h>

#include "engine/engine.h"
#include "keeper/crash_report.h"

namespace pear::server {

Result<std::unique_ptr<CoreThread>> CoreThread::make(const Parts& parts) {
  std::unique_ptr<io::Reactor> reactor = PEAR_TRY(io::Reactor::open());
  return std::make_unique<CoreThread>(parts, std::move(reactor));
}

CoreThread::CoreThread(const Parts& parts, std::unique_ptr<io::Reactor> reactor)
    : signs_(parts.signs),
      reactor_(std::move(reactor)),
      commands_(kCommands),
      events_(kEvents),
      logger_(parts.log.add_channel(parts.settings.log.buffer.count),
              {.level = static_cast<log::Level>(parts.settings.log.level),
               .access = parts.settings.log.access,
               .core = parts.id}),
      maker_(parts.guests, reactor_->waker()),
      core_(std::make_unique<data::Core>(data::Core::Parts{.id = parts.id,
                                                           .settings = parts.settings,
                                                           .reactor = *reactor_,
                                                           .signs = &parts.signs,
                                                           .maker = maker_,
                                                           .commands = commands_,
                                                           .events = events_,
                                                           .control = parts.control,
                                                           .mesh = parts.mesh,
                                                           .counters = counters_,
                                                           .logger = logger_,
                                                           .limits = parts.limits,
                                                           .quic = parts.quic,
                                                           .datagram_mesh = parts.datagram_mesh})) {
}

CoreThread::~CoreThread() {
  stop();
}

void CoreThread::start() {
  thread_ = std::jthread([this] {
    // Before the engine, which takes a stack for signals that is there.
    const keeper::WatchedThread watched(signs_);
    engine::prepare_thread();
    core_->run();
  });
  ::pthread_setname_np(thread_.native_handle(), "pear-core");
}

void CoreThread::stop() {
  core_->stop();
}

void CoreThread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace pear::server

// CoreThread: one core with all that belongs to it, on a thread of its own.
//
// Thread: built and joined by the main thread; the core runs on its own.
#pragma once

#include <memory>
#include <thread>

#include "base/log/log_writer.h"
#include "base/result.h"
#include "base/spsc_ring.h"
#include "control/control_loop.h"
#include "data/cage/wasm/wasm_guest.h"
#include "data/core.h"
#include "io/reactor.h"

namespace pear::server {

class CoreThread {
 public:
  // All outlive it.
  struct Parts {  // NOLINT(*-member-init): references have no default.
    CoreId id{};
    const config::ServerSettings& settings;
    base::VitalSigns& signs;
    log::LogWriter& log;
    cage::WasmGuestMaker::Parts guests;
    data::HopMesh& mesh;
    security::SharedLimits& limits;
    io::Waker& control;
    const io::tls::QuicSecrets* quic = nullptr;  // Null: HTTP/3 is not served.
    data::listener::DatagramMesh* datagram_mesh = nullptr;
  };
  // Errors: OsError: no descriptors left.
  [[nodiscard]] static Result<std::unique_ptr<CoreThread>> make(const Parts& parts);
  CoreThread(const Parts& parts, std::unique_ptr<io::Reactor> reactor);
  ~CoreThread();
  CoreThread(const CoreThread&) = delete;
  CoreThread& operator=(const CoreThread&) = delete;
  CoreThread(CoreThread&&) = delete;
  CoreThread& operator=(CoreThread&&) = delete;

  [[nodiscard]] data::Core& core() { return *core_; }
  [[nodiscard]] control::CoreLink link() {
    return {.commands = commands_,
            .events = events_,
            .core_waker = reactor_->waker(),
            .counters = counters_};
  }
  void start();
  void stop();
  void join();

 private:
  static constexpr std::size_t kCommands = 1024;
  static constexpr std::size_t kEvents = 4096;

  base::VitalSigns& signs_;
  std::unique_ptr<io::Reactor> reactor_;
  base::SpscRing<data::CoreCommand> commands_;
  base::SpscRing<data::CoreEvent> events_;
  model::CoreCounters counters_;
  log::Logger logger_;
  cage::WasmGuestMaker maker_;
  std::unique_ptr<data::Core> core_;
  std::jthread thread_;
};

}  // namespace pear::server

// Crowd: connections that are opened, asked once each, and then held open, idle: for what a server
// keeps for each.
//
// Thread: run() on the crowd's own; what the constructor takes outlives it. CrowdGate: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "load/load_connection.h"
#include "load/tally.h"
#include "load/worker.h"

namespace pear::load {

// Where the crowds of a run wait for each other before they hold.
class CrowdGate {
 public:
  // `on_all_open` is called once, by the last crowd.
  CrowdGate(std::uint32_t crowds, std::chrono::milliseconds hold,
            std::function<void(std::uint64_t connections)> on_all_open)
      : hold_(hold), on_all_open_(std::move(on_all_open)), missing_(crowds) {}

  // A crowd is complete, with so many open connections.
  void arrive(std::uint64_t connections);
  // All are complete, and the hold is over.
  [[nodiscard]] bool is_over(MonotonicTime now) const;

 private:
  const std::chrono::milliseconds hold_;
  const std::function<void(std::uint64_t)> on_all_open_;
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<std::uint32_t> missing_;
  std::atomic<MonotonicTime> end_{MonotonicTime::max()};
};

class Crowd final : private LoadConnection::Owner {
 public:
  // Handshakes that are under way at once: more would wait in the server's queue.
  static constexpr std::size_t kOpeningMax = 32;

  Crowd(const RunSetup& setup, std::uint32_t place, CrowdGate& gate);
  ~Crowd() = default;
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  Crowd(Crowd&&) = delete;
  Crowd& operator=(Crowd&&) = delete;

  // Returns when the hold is over. Errors: OsError (no descriptors left); those of
  // WireKit::make().
  [[nodiscard]] Result<Outcome> run();

 private:
  void on_opened(LoadConnection& connection, Handshake handshake) override;
  void on_answered(LoadConnection& connection, const Exchange& exchange,
                   const Answer& answer) override;
  void on_failed(LoadConnection& connection, const Exchange& exchange, Failure failure) override;
  void on_not_processed(LoadConnection& connection, const Exchange& exchange) override;
  void on_room(LoadConnection& /*connection*/) override {}
  void on_problem(std::string_view problem) override { tally_.note_problem(problem); }

  [[nodiscard]] Result<void> make();
  void open_more();
  void on_ended();
  void on_tick(MonotonicTime now);
  [[nodiscard]] std::uint64_t open_now() const;

  const RunSetup& setup_;
  const std::uint32_t place_;
  CrowdGate& gate_;
  Tally tally_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<WireKit> kit_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  io::Timer tick_;
  std::size_t started_ = 0;
  std::size_t ended_ = 0;
};

}  // namespace pear::load

// Core: one thread of the data path: its event loop, its connections, its cages.
//
// Thread: all of it on one thread, but for stop(), and what the constructor is given.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/arena.h"
#include "base/log/logger.h"
#include "base/spsc_ring.h"
#include "base/vital_signs.h"
#include "config/settings.h"
#include "data/body_queue.h"
#include "data/cage/cage_set.h"
#include "data/core_command.h"
#include "data/core_event.h"
#include "data/health_probe.h"
#include "data/hop.h"
#include "data/listener/datagrams.h"
#include "data/listener/listener.h"
#include "data/protocol/connections.h"
#include "data/request_path.h"
#include "data/security/admission.h"
#include "data/security/client_memory.h"
#include "data/security/notices.h"
#include "data/security/request_rates.h"
#include "data/security/shared_limits.h"
#include "data/turn_time.h"
#include "io/clock.h"
#include "io/mesh.h"
#include "io/reactor.h"
#include "model/counters.h"

namespace pear::data {

using HopMesh = io::Mesh<HopRecord>;

class Core final : public CageLink, public cage::CageOutlet, public HealthProbe::Sink {
 public:
  // All outlive the core.
  struct Parts {
    CoreId id{};
    const config::ServerSettings& settings;  // Of the start; copied.
    io::Reactor& reactor;
    base::VitalSigns* signs = nullptr;  // Null: nobody looks at them.
    cage::GuestMaker& maker;
    base::SpscRing<CoreCommand>& commands;  // From control,
    base::SpscRing<CoreEvent>& events;      // and to it.
    io::Waker& control;
    HopMesh& mesh;
    model::CoreCounters& counters;
    log::Logger& logger;
    security::SharedLimits& limits;  // All cores have the same.
    WallTime (*wall_time)() = &io::wall_time;
    const io::tls::QuicSecrets* quic = nullptr;       // Null: HTTP/3 is not served.
    listener::DatagramMesh* datagram_mesh = nullptr;  // Null: there is no other core.
  };
  explicit Core(const Parts& parts);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  Core(Core&&) = delete;
  Core& operator=(Core&&) = delete;

  // Before run(). It is accepted from once the first site table is here.
  void listen(io::UniqueFd socket, listener::Security security) {
    listener_.add(std::move(socket), security);
  }

  // The same for QUIC. Where Parts::quic is set.
  void listen(io::UdpSocket socket) { datagrams_.add(std::move(socket)); }

  // Runs until stop(); then ends what is left.
  void run();
  // Any thread.
  void stop();

  // One turn of the loop, for run() and for tests.
  void turn(io::Reactor::Wait wait);
  [[nodiscard]] bool has_work() const;
  // For tests: what it goes by.
  [[nodiscard]] const config::ServerSettings& settings() const { return settings_; }

 private:
  void to_cage(CoreId core, const HopRecord& record) override;
  void to_exchange(const HopRecord& record) override;
  void event(CoreEvent event) override;
  void guest_line(const model::Site& site, CageId cage, ExchangeId exchange, cage::LogStream stream,
                  std::string_view line) override;
  void on_probed(const CageAlive& answer) override { event(answer); }

  void end();
  void apply(CoreCommand& command);
  void publish(PublishSites& command);
  void use(PublishCertificates& command);
  void use(const config::ServerSettings& settings);
  void say_if_deaf(const Result<void>& listening);
  void check(const CheckCage& command);
  void run_guests();
  void receive_hops();
  void dispatch(const HopRecord& record);
  void send(CoreId core, const HopRecord& record);
  void send_held();
  void begin_drain(MonotonicTime deadline);
  void on_drain_deadline(MonotonicTime now);
  void finish_drain_if_over();
  void report_memory();
  void on_waiting(MonotonicTime now);

  Parts parts_;
  base::VitalSigns unseen_;
  base::VitalSigns& signs_;
  config::ServerSettings settings_;  // In force: everything below refers to it.
  TurnTime time_;
  security::Notices notices_;
  security::Admission admission_;
  security::RequestRates rates_;
  security::ClientMemory memory_;
  BodyChunkPool chunks_;
  base::ArenaBlockPool blocks_;
  cage::CageSet cages_;
  RequestPath path_;
  protocol::Connections connections_;
  listener::Listener listener_;
  listener::Datagrams datagrams_;

  struct Held {
    CoreId to{};
    HopRecord record;
  };
  std::deque<Held> held_;  // Records that found a full ring. Bounded by the exchanges' credits.
  MonotonicTime behind_since_{};
  MonotonicTime memory_reported_{};
  io::Timer waiting_ = io::Timer::calling<&Core::on_waiting>(*this);
  io::Timer drain_ = io::Timer::calling<&Core::on_drain_deadline>(*this);
  bool published_ = false;  // There is a site table.
  bool draining_ = false;
  bool drained_ = false;
  bool more_hops_ = false;
  bool more_datagrams_ = false;
  std::uint64_t cut_ = 0;
  std::atomic<bool> stopping_{false};
};

}  // namespace pear::data

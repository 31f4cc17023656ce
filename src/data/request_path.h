// RequestPath: what happens to a request between its protocol and its guest, on one core.
//
// The way there is a table (request_path.cc); the bodies both ways are the pump's (pump.cc), which
// is also where a request could be run again on a sibling of a cage that failed.
//
// Thread: core-local.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/log/logger.h"
#include "base/object_pool.h"
#include "base/time.h"
#include "base/vital_signs.h"
#include "config/settings.h"
#include "data/body_queue.h"
#include "data/exchange.h"
#include "data/hop.h"
#include "data/pool/pool.h"
#include "data/protocol/stream.h"
#include "data/response/error_response.h"
#include "data/security/client_memory.h"
#include "data/security/notices.h"
#include "data/security/request_rates.h"
#include "data/snapshot_pin.h"
#include "data/turn_time.h"
#include "io/timer_wheel.h"
#include "model/counters.h"

namespace pear::data {

// To the cages, here or on another core.
class CageLink {
 public:
  CageLink() = default;
  CageLink(const CageLink&) = delete;
  CageLink& operator=(const CageLink&) = delete;
  CageLink(CageLink&&) = delete;
  CageLink& operator=(CageLink&&) = delete;

  virtual void to_cage(CoreId core, const HopRecord& record) = 0;

 protected:
  ~CageLink() = default;
};

class RequestPath {
 public:
  struct Parts {
    CoreId core{};
    base::VitalSigns& signs;
    const config::ServerSettings& settings;
    CageLink& link;
    io::TimerWheel& timers;
    BodyChunkPool& chunks;
    base::ArenaBlockPool& blocks;
    log::Logger& logger;
    security::RequestRates& rates;
    security::Notices& notices;
    security::ClientMemory& memory;
    model::Counter& memory_ended;  // Requests that settle_memory() has ended.
    const TurnTime& time;          // Advanced by the core.
    std::uint16_t http3_port = 0;  // Where HTTP/3 is served; 0: nowhere.
  };
  explicit RequestPath(const Parts& parts);
  ~RequestPath();
  RequestPath(const RequestPath&) = delete;
  RequestPath& operator=(const RequestPath&) = delete;
  RequestPath(RequestPath&&) = delete;
  RequestPath& operator=(RequestPath&&) = delete;

  void publish(std::shared_ptr<const model::SiteTable> sites);
  [[nodiscard]] const model::SiteTable& sites() const { return snapshot_->table(); }
  // The core is behind with its guests: others should get more of the work.
  void set_core_is_behind(bool behind) { core_is_behind_ = behind; }

  // ---- From the protocols.

  // A new exchange; its request part is the caller's to fill. Null at the server's limit.
  [[nodiscard]] Exchange* open(protocol::Stream& stream, Protocol protocol);
  // The head is complete and `request` is filled.
  void start(Exchange& exchange);
  // The same for a request of our own to one cage.
  void start_in(Exchange& exchange, const model::Site& site, const model::CagePlace& place);
  // Instead: the edge answers at once.
  void start_refused(Exchange& exchange, response::Cause cause);
  // The next bytes of the request's body. Any amount is taken, but see wants_body().
  void body(Exchange& exchange, std::string_view bytes);
  // Whether more of the body should be read from the client now; on_request_room() tells when
  // again.
  [[nodiscard]] bool wants_body(const Exchange& exchange) const;
  // The body is complete; exchange.request_trailers are set.
  void body_end(Exchange& exchange);
  // Whether its end matters to anybody: a guest that reads it may still do so, and has not ended
  // its response. Where it does not, nobody minds a body that is shorter than it was said to be.
  [[nodiscard]] bool needs_body(const Exchange& exchange) const;
  // The rest of the body never comes, and the response has begun: the guest is told as it reads.
  void body_cut(Exchange& exchange);
  // Answers by the edge; only while there is no response head. The guest, if any, is aborted.
  void refuse(Exchange& exchange, response::Cause cause);
  // A chunk that was taken from exchange.response.body and sent.
  void sent(Exchange& exchange, BodyChunk* chunk);
  // The stream is done with it, be the response complete or not: the exchange may be freed.
  void close(Exchange& exchange);

  // ---- From the cages.

  void apply(const HopRecord& record);
  // Tells the streams what is new. Never called from within a guest's slice.
  void deliver_news();
  // Gives places that became free, here or elsewhere, to requests that wait.
  void serve_waiting();
  // The end of a turn: what is held for clients is charged to them, and where that is too much the
  // costliest requests are ended. True: some were, and their streams have news.
  [[nodiscard]] bool settle_memory();

  [[nodiscard]] std::size_t exchanges_open() const { return exchanges_.live(); }
  [[nodiscard]] bool has_waiting() const { return pool_.waiting() != 0; }
  // Cuts whatever still runs, at the end of a drain; gives their number.
  std::uint64_t cut_all();

  [[nodiscard]] const TurnTime& time() const { return parts_.time; }
  [[nodiscard]] MonotonicTime now() const { return parts_.time.now; }
  [[nodiscard]] io::TimerWheel& timers() { return parts_.timers; }
  [[nodiscard]] BodyChunkPool& chunks() { return parts_.chunks; }

 private:
  friend class Exchange;  // Its timer.
  enum class Step : std::uint8_t { Next, Wait, Answered };
  struct Stage;
  static constexpr std::uint8_t kPoolStage = 2;
  static constexpr std::uint8_t kCageStage = 3;
  static constexpr std::uint8_t kStageCount = 4;
  static const std::array<Stage, kStageCount> kStages;
  static constexpr std::chrono::seconds kRetryAfter{1};
  // A head that is larger is charged to its client from the start; others are bounded by the number
  // of requests.
  static constexpr std::size_t kSmallHead = 8UL * 1024;

  void advance(Exchange& exchange);
  [[nodiscard]] Step match_route(Exchange& exchange);
  // Whether every guest takes the path for one of the route that it matched.
  [[nodiscard]] static bool is_read_alike(Exchange& exchange, const model::RouteMatch& match);
  [[nodiscard]] Step screen(Exchange& exchange);
  [[nodiscard]] Step lease_cage(Exchange& exchange);
  [[nodiscard]] Step enter_cage(Exchange& exchange);

  void answer(Exchange& exchange, response::Cause cause) { answer(exchange, cause, kRetryAfter); }
  // Where the cause says Retry-After: after so long.
  void answer(Exchange& exchange, response::Cause cause, std::chrono::seconds retry_after);
  // What the edge says in every response.
  void add_edge_fields(Exchange& exchange) const;
  void answer_without_guest(Exchange& exchange);
  void abort(Exchange& exchange);
  void on_queue_timeout(Exchange& exchange);
  void on_accepted(Exchange& exchange, cage::GuestRun* run);
  void on_refused(Exchange& exchange);
  void on_cut(Exchange& exchange, const HopRecord& record);
  void on_ended(Exchange& exchange, const HopRecord& record);
  // All of it, or as much as is kept while the request waits.
  [[nodiscard]] bool body_is_here(const Exchange& exchange) const {
    return exchange.request_ended || !exchange.request.has_body || !wants_body(exchange);
  }
  void on_body_progress(Exchange& exchange);
  [[nodiscard]] bool client_takes(const Exchange& exchange,
                                  std::span<const http::Field> fields) const;
  void send_request_body(Exchange& exchange);
  void tell_cage(Exchange& exchange, HopKind kind);
  void note_news(Exchange& exchange);
  void drop_request_body(Exchange& exchange);
  void end_for_memory(Exchange& exchange);
  void drop_response_body(Exchange& exchange);
  void free_if_over(Exchange& exchange);
  void record(const Exchange& exchange);
  [[nodiscard]] model::SiteCounters* counters_of(const Exchange& exchange) const;

  Parts parts_;
  std::uint64_t next_id_;
  base::ObjectPool<Exchange> exchanges_;
  base::IntrusiveList<Exchange, AliveTag> alive_;
  base::IntrusiveList<Exchange, NewsTag> news_;
  pool::Pool pool_;
  std::unique_ptr<SnapshotPin> snapshot_;
  std::vector<std::unique_ptr<SnapshotPin>> old_snapshots_;  // Until their last exchange is over.
  std::size_t arena_max_;                                    // Of an exchange, in bytes.
  bool core_is_behind_ = false;
};

}  // namespace pear::data

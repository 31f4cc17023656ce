// LoadConnection: one place for a connection of the load generator: opened when a request wants it,
// used for up to so many requests at a time, closed, opened again.
//
// It keeps the requests that are under way and their time; the wire (wire.h) moves bytes; which
// request comes next, and what is counted, is its owner's. Everything is sent at the end of the
// turn, with as few writes as it takes: start() never fails within its call.
//
// Thread: core-local.
// Memory: about 300 bytes, 200 for each request that may be under way, and its wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"
#include "load/digest.h"
#include "load/outcome.h"
#include "load/wire.h"
#include "load/wire_kit.h"

namespace pear::load {

// A request on its way.
struct Exchange {
  std::uint64_t index = 0;                   // Of the request in the run.
  const PreparedRequest* request = nullptr;  // Borrowed from the workload; never null.
  MonotonicTime start;                       // What latency counts from.
  MonotonicTime deadline;                    // Then it has timed out.
  std::uint32_t sent_again = 0;              // How often.
};

struct Answer {
  MonotonicTime done;
  std::uint16_t status = 0;
  std::optional<Sha256> body;  // Where the request expects one.
  // Of the connection, since its last answer: what several requests share belongs to none.
  Wire::Traffic traffic;
  std::uint64_t body_bytes = 0;
};

// In a list of its owner's, or in none.
class LoadConnection final : public base::ListHook<LoadConnection>, private WireOwner {
 public:
  // What a connection's outcomes go to. Within a call the owner may start() the next exchange, on
  // any connection that has room().
  class Owner {
   public:
    virtual void on_opened(LoadConnection& connection, Handshake handshake) = 0;
    virtual void on_answered(LoadConnection& connection, const Exchange& exchange,
                             const Answer& answer) = 0;
    virtual void on_failed(LoadConnection& connection, const Exchange& exchange,
                           Failure failure) = 0;
    // The server has not processed it: it may be sent again.
    virtual void on_not_processed(LoadConnection& connection, const Exchange& exchange) = 0;
    // Its room or is_open() has changed without any of the above.
    virtual void on_room(LoadConnection& connection) = 0;
    // Why a handshake failed, before on_failed().
    virtual void on_problem(std::string_view problem) = 0;

   protected:
    ~Owner() = default;
  };

  struct Options {
    ConnectionUse use = ConnectionUse::KeepAlive;
    // Requests under way at a time, and before it is known whether the server speaks a protocol
    // that takes as many.
    std::uint32_t streams = 1;
    std::uint32_t streams_at_first = 1;
    MakeDigest make_digest = nullptr;  // Null where no request expects a body.
  };

  // All outlive the connection.
  LoadConnection(WireKit& kit, Owner& owner, const Options& options);
  ~LoadConnection();
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;
  LoadConnection(LoadConnection&&) = delete;
  LoadConnection& operator=(LoadConnection&&) = delete;

  // Sends a request, over a new connection where none is open. There is room().
  void start(const Exchange& exchange);
  // How many more may be started now.
  [[nodiscard]] std::uint32_t room() const;
  [[nodiscard]] bool is_open() const { return opened_; }

 private:
  // A request that is under way, or room for one.
  struct Slot {
    explicit Slot(LoadConnection& connection, http::RequestTag of_slot)
        : owner(connection), tag(of_slot), timeout(io::Timer::calling<&Slot::on_timeout>(*this)) {}
    void on_timeout(MonotonicTime) { owner.time_out(*this); }

    LoadConnection& owner;
    http::RequestTag tag;
    enum class State : std::uint8_t { Free, Waiting, Sent } state = State::Free;
    Exchange exchange;
    std::uint64_t body_bytes = 0;
    std::unique_ptr<BodyDigest> digest;  // Made when first wanted.
    io::Timer timeout;
  };

  void on_open(Handshake handshake) override;
  void on_progress() override;
  void on_gone(Failure why, std::string_view problem) override;
  void on_body(http::RequestTag tag, std::string_view piece) override;
  void on_end(http::RequestTag tag, http::RequestEnd end, std::uint16_t status) override;

  [[nodiscard]] Slot& free_slot();
  [[nodiscard]] bool wants_digest(const Slot& slot) const;
  // At the end of a turn in which something happened.
  void end_turn();
  void send_waiting();
  void close_if_done();
  void drop_wire();
  void answer(Slot& slot, std::uint16_t status);
  void give_back(Slot& slot);
  void fail(Slot& slot, Failure failure);
  void time_out(Slot& slot);
  void on_linger_over(MonotonicTime now);
  [[nodiscard]] Exchange release(Slot& slot);

  WireKit& kit_;
  Owner& owner_;
  const Options& options_;
  std::unique_ptr<Wire> wire_;
  std::deque<Slot> slots_;              // By tag; as many as were ever under way at once.
  std::vector<http::RequestTag> free_;  // Of slots_.
  std::deque<http::RequestTag>
      waiting_;  // In order; those that are not Waiting any more count not.
  std::uint32_t under_way_ = 0;
  io::DeferredCall end_turn_;
  io::Timer linger_;
  bool opened_ = false;   // The wire is open.
  bool closing_ = false;  // It takes nothing new, and is closed after its last answer.
  bool gone_ = false;     // It is to be destroyed.
};

}  // namespace pear::load

// LoadConnection: one connection of the load generator: opened, used for a request at a time,
// closed.
//
// It moves bytes and keeps time; which request comes next, and what is counted, is its owner's.
//
// Thread: core-local.
// Memory: about 5 KiB with its protocol; the start of an answer that came in several reads is kept
//         until the rest is there, at most kHeldMax.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "io/timer_wheel.h"
#include "io/unique_fd.h"
#include "load/client_protocol.h"
#include "load/digest.h"
#include "load/outcome.h"

namespace pear::load {

// A request on its way.
struct Exchange {
  std::uint64_t index = 0;                   // Of the request in the run.
  const PreparedRequest* request = nullptr;  // Borrowed from the workload; never null.
  MonotonicTime start;                       // What latency counts from.
  MonotonicTime deadline;                    // Then it has timed out.
};

struct Answer {
  MonotonicTime done;
  std::uint16_t status = 0;
  std::optional<Sha256> body;  // Where the request expects one.
  std::uint64_t wire_bytes = 0;
  std::uint64_t body_bytes = 0;
};

class LoadConnection final : private io::IoHandler {
 public:
  // What a connection's outcomes go to. Within a call the owner may start() the next exchange.
  class Owner {
   public:
    virtual void on_opened() = 0;
    // The connection is idle, or closed: is_open() tells. Either way it can start the next.
    virtual void on_answered(LoadConnection& connection, const Exchange& exchange,
                             const Answer& answer) = 0;
    // The connection is closed.
    virtual void on_failed(LoadConnection& connection, const Exchange& exchange,
                           Failure failure) = 0;
    // The peer has closed it while it was idle. Not an error.
    virtual void on_closed_idle(LoadConnection& connection) = 0;

   protected:
    ~Owner() = default;
  };

  struct Options {
    io::SocketAddress address;
    ConnectionUse use = ConnectionUse::KeepAlive;
    MakeDigest make_digest = nullptr;  // Null where no request expects a body.
  };

  // Bytes of an answer that could not be used yet: a head, or trailers.
  static constexpr std::size_t kHeldMax = std::size_t{1} << 20U;

  // All outlive the connection.
  LoadConnection(io::Reactor& reactor, Owner& owner, const Options& options);
  ~LoadConnection() override;
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;
  LoadConnection(LoadConnection&&) = delete;
  LoadConnection& operator=(LoadConnection&&) = delete;

  // Sends a request, over a new connection where none is open. No other one is under way. When it
  // fails at once, on_failed() comes before start() returns.
  void start(const Exchange& exchange);

  [[nodiscard]] bool is_open() const { return fd_.is_open(); }
  [[nodiscard]] bool is_busy() const { return busy_; }

 private:
  enum class Phase : std::uint8_t { Closed, Connecting, Open };

  void on_io(io::IoEvents events) override;
  void on_timeout(MonotonicTime now);
  void open();
  void on_connected();
  void send_request();
  void write_on();
  void read_once();
  void take(std::span<char> input);
  void take_all(std::span<char> input);
  void on_body(std::string_view piece);
  void on_end();
  void finish(const AnswerEvent& event);
  void fail(Failure failure);
  void close();

  io::Reactor& reactor_;
  Owner& owner_;
  const Options& options_;
  io::UniqueFd fd_;
  io::Timer timeout_;
  std::unique_ptr<ClientProtocol> protocol_;  // Of the open connection.
  std::unique_ptr<BodyDigest> digest_;        // Made when first wanted.
  Exchange exchange_;
  std::string_view unsent_;  // Of the request.
  std::string held_;         // Of the answer.
  std::uint64_t wire_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t generation_ = 0;  // Counts openings and ends of exchanges.
  Phase phase_ = Phase::Closed;
  bool busy_ = false;
  bool waits_to_write_ = false;
};

}  // namespace pear::load

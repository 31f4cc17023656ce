// Wire: one connection of the load generator, from its opening to its end, with what it speaks: TCP
// with TLS or without (tcp_wire.h), or QUIC (quic_wire.h).
//
// A wire never destroys itself, and its owner destroys it outside of its calls.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request_owner.h"
#include "load/outcome.h"
#include "load/workload.h"

namespace pear::load {

class WireOwner : public http::RequestOwner {
 public:
  // The connection is open, its handshake complete.
  virtual void on_open(Handshake handshake) = 0;
  // Something has come, or room has: call Wire::flush() at the end of the turn.
  virtual void on_progress() = 0;
  // The connection is gone, and every request with it: the last call. `problem`: more about it,
  // where there is more; lives as long as the program.
  virtual void on_gone(Failure why, std::string_view problem) = 0;

 protected:
  ~WireOwner() = default;
};

class Wire {
 public:
  Wire() = default;
  virtual ~Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  Wire(Wire&&) = delete;
  Wire& operator=(Wire&&) = delete;

  // Begins to connect. May fail within the call.
  virtual void open() = 0;
  // How many requests may be under way at once, as far as it is known; 0: no new one on this
  // connection.
  [[nodiscard]] virtual std::uint32_t requests_max() const = 0;

  enum class Begun : std::uint8_t {
    Yes,
    Later,  // Not open yet, or the server allows no more at a time now.
    Never,  // Not on this connection.
  };
  // `request` lives until its on_end(). Sent with the next flush().
  [[nodiscard]] virtual Begun request(http::RequestTag tag, const PreparedRequest& request) = 0;
  // Gives a request up, without an on_end(). False: only with the whole connection.
  [[nodiscard]] virtual bool cancel(http::RequestTag tag) = 0;
  // Sends what is due.
  virtual void flush() = 0;

  // Whether something may still come that later connections need: a ticket.
  [[nodiscard]] virtual bool awaits_ticket() const { return false; }
  // Ends it, in the way that costs the fewest ports. Then it is destroyed.
  virtual void close() = 0;

  // Bytes of HTTP (without TLS), or of UDP's payload, since the last call.
  struct Traffic {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
  };
  [[nodiscard]] virtual Traffic take_traffic() = 0;
};

}  // namespace pear::load

// Http1Connections: the HTTP/1.x connections of one core, and what they share.
//
// Thread: core-local.
// Memory: connections and requests in progress come from pools; one read buffer (the reactor's) and
// one
//         field storage and one output buffer serve them all.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "config/settings.h"
#include "data/protocol/http1_connection.h"
#include "data/request_path.h"
#include "http/date.h"
#include "http/field.h"
#include "io/chunk.h"
#include "io/reactor.h"
#include "model/counters.h"

namespace pear::data::protocol {

class Http1Connections {
 public:
  struct Parts {
    RequestPath& path;
    io::Reactor& reactor;
    const config::ServerSettings& settings;
    model::CoreCounters& counters;
    log::Logger& logger;
  };
  explicit Http1Connections(const Parts& parts);
  ~Http1Connections();
  Http1Connections(const Http1Connections&) = delete;
  Http1Connections& operator=(const Http1Connections&) = delete;
  Http1Connections(Http1Connections&&) = delete;
  Http1Connections& operator=(Http1Connections&&) = delete;

  // Takes an accepted connection. False at the limit, or where it cannot be watched: it is closed.
  bool add(io::UniqueFd socket, const io::SocketAddress& peer);
  // Once a turn: for the date of responses.
  void set_wall_time(WallTime now);
  // The server is going away: each connection is served what it has asked, and closes.
  void drain();
  void close_all();

  [[nodiscard]] std::size_t open() const { return connections_.live(); }

 private:
  friend class Http1Connection;
  static constexpr std::size_t kOutputBytes = 64UL * 1024;

  void free_closed();
  [[nodiscard]] std::string_view date() const { return http::date_view(date_); }

  Parts parts_;
  http::HeadLimits head_limits_;
  http1::ChunkLimits chunk_limits_;
  io::ChunkPool chunks_;
  base::ObjectPool<Http1Connection> connections_;
  base::ObjectPool<Http1Request> requests_;
  base::IntrusiveList<Http1Connection, Http1Connection> alive_;
  base::IntrusiveList<Http1Connection, Http1Connection> closed_;
  io::DeferredCall free_closed_ = io::DeferredCall::calling<&Http1Connections::free_closed>(*this);
  std::unique_ptr<char[]> output_;  // Heads and chunk headers on their way to the kernel.
  std::unique_ptr<char[]> joined_;  // Kept input with new input behind it, in one piece.
  std::size_t joined_bytes_;        // Of joined_.
  std::int64_t date_second_ = -1;
  http::DateText date_{};
  bool draining_ = false;
};

}  // namespace pear::data::protocol

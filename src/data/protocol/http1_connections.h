// Http1Connections: the HTTP/1.x connections of one core, and what they share.
//
// Thread: core-local.
// Memory: connections and requests in progress come from pools; one read buffer (the reactor's)
//         serves them all.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "data/protocol/http1_connection.h"
#include "data/protocol/longest_idle.h"
#include "data/protocol/shared.h"
#include "io/reactor.h"

namespace pear::data::protocol {

class Http2Connections;

class Http1Connections {
 public:
  // Both outlive it. Connections that begin with the preface of HTTP/2 are given to `http2`.
  Http1Connections(Shared& shared, Http2Connections& http2);
  ~Http1Connections();
  Http1Connections(const Http1Connections&) = delete;
  Http1Connections& operator=(const Http1Connections&) = delete;
  Http1Connections(Http1Connections&&) = delete;
  Http1Connections& operator=(Http1Connections&&) = delete;

  // Takes a connection. False at the limit, or where it cannot be watched: it is closed.
  bool add(io::tls::ByteStream stream, Peer peer);
  // The settings have changed.
  void use_settings();
  // Null: none is, or none was found just now.
  [[nodiscard]] Http1Connection* longest_idle() { return protocol::longest_idle(alive_); }
  // The server is going away: each connection is served what it has asked, and closes.
  void drain();
  void close_all();

  [[nodiscard]] std::size_t open() const { return connections_.live(); }

 private:
  friend class Http1Connection;
  // It has nothing to do from now on.
  void rests(Http1Connection& connection);

  void free_closed();

  Shared& shared_;
  Http2Connections& http2_;
  http::HeadLimits head_limits_;
  http1::ChunkLimits chunk_limits_;
  base::ObjectPool<Http1Connection> connections_;
  base::ObjectPool<Http1Request> requests_;
  base::IntrusiveList<Http1Connection, Http1Connection> alive_;
  base::IntrusiveList<Http1Connection, Http1Connection> closed_;
  io::DeferredCall free_closed_ = io::DeferredCall::calling<&Http1Connections::free_closed>(*this);
  std::unique_ptr<char[]> joined_;  // Kept input with new input behind it, in one piece.
  std::size_t joined_bytes_;        // Of joined_.
  bool draining_ = false;
};

}  // namespace pear::data::protocol

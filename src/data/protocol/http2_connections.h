// Http2Connections: the HTTP/2 connections of one core, and what they share.
//
// Thread: core-local.
// Memory: connections and streams come from pools, sessions from one SessionMemory.
#pragma once

#include <cstddef>
#include <span>

#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "data/protocol/http2_connection.h"
#include "data/protocol/longest_idle.h"
#include "data/protocol/multiplexed_stream.h"
#include "data/protocol/shared.h"
#include "http/http2/server_session.h"
#include "http/http2/session_memory.h"
#include "io/reactor.h"

namespace pear::data::protocol {

class Http2Connections {
 public:
  // `shared` must outlive it.
  explicit Http2Connections(Shared& shared);
  ~Http2Connections();
  Http2Connections(const Http2Connections&) = delete;
  Http2Connections& operator=(const Http2Connections&) = delete;
  Http2Connections(Http2Connections&&) = delete;
  Http2Connections& operator=(Http2Connections&&) = delete;

  // Takes a connection; `input` was read from it already. At the limit, or where it cannot be
  // watched, it is closed.
  void add(io::tls::ByteStream stream, Peer peer, std::span<const char> input);
  // The end of a turn: what responses have is written.
  void write();
  // The settings have changed.
  void use_settings();
  // Null: none is, or none was found just now.
  [[nodiscard]] Http2Connection* longest_idle() { return protocol::longest_idle(alive_); }
  // The server is going away: clients are told, and what they have asked is served.
  void drain();
  void close_all();

  [[nodiscard]] std::size_t open() const { return connections_.live(); }
  // Of all sessions.
  [[nodiscard]] std::size_t memory_bytes() const { return memory_.bytes_in_use(); }

 private:
  friend class Http2Connection;
  // It has nothing to do from now on.
  void rests(Http2Connection& connection);

  void free_closed();

  Shared& shared_;
  http2::SessionOptions options_;
  http2::SessionMemory memory_;
  base::ObjectPool<Http2Connection> connections_;
  base::ObjectPool<Http2Stream> streams_;
  base::IntrusiveList<Http2Connection, Http2Connection> alive_;
  base::IntrusiveList<Http2Connection, Http2Connection> closed_;
  base::IntrusiveList<Http2Connection, UnwrittenTag> unwritten_;
  io::DeferredCall free_closed_ = io::DeferredCall::calling<&Http2Connections::free_closed>(*this);
  bool draining_ = false;
};

}  // namespace pear::data::protocol

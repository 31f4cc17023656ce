// Http3Connections: the HTTP/3 connections of one core, found by the ids in their packets, and what
// they share; and the answers to packets that belong to none.
//
// Every connection id of ours begins with a byte that says which core it belongs to
// (io/datagram_steering.h); the rest is random.
//
// Source: RFC 9000, sections 5.1 (ids), 5.2 (packets and connections), 6, 8.1, 10.3.
// Thread: core-local.
// Memory: connections and streams come from pools; one entry of the table for each id in use.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "data/protocol/http3_connection.h"
#include "data/protocol/longest_idle.h"
#include "data/protocol/shared.h"
#include "data/protocol/udp_door.h"
#include "http/flood_buckets.h"
#include "http/http3/packet.h"
#include "http/http3/server_session.h"
#include "http/http3/transport.h"
#include "io/reactor.h"
#include "io/tls/quic_secrets.h"
#include "io/udp_socket.h"

namespace pear::data::protocol {

class Http3Connections {
 public:
  // `shared` must outlive it.
  explicit Http3Connections(Shared& shared);
  ~Http3Connections();
  Http3Connections(const Http3Connections&) = delete;
  Http3Connections& operator=(const Http3Connections&) = delete;
  Http3Connections(Http3Connections&&) = delete;
  Http3Connections& operator=(Http3Connections&&) = delete;

  // A datagram for this core, whatever is in it.
  void receive(UdpDoor& door, const io::Datagram& datagram);
  // When all of a turn's datagrams are in: the requests in them begin.
  void take_requests();
  // The end of a turn: what responses have is written.
  void write();
  // The settings have changed.
  void use_settings();
  // Null: none is, or none was found just now.
  [[nodiscard]] Http3Connection* longest_idle() { return protocol::longest_idle(alive_); }
  // The server is going away: clients are told, and what they have asked is served.
  void drain();
  void close_all();

  [[nodiscard]] std::size_t open() const { return connections_.live(); }

 private:
  friend class Http3Connection;
  // It has nothing to do from now on.
  void rests(Http3Connection& connection);

  // Answers to packets that belong to no connection.
  enum class Answer : std::uint8_t { Reset, Retry, Versions };
  static constexpr std::size_t kAnswers = 3;

  void receive_unknown(UdpDoor& door, const io::Datagram& datagram, const http3::PacketHead& head);
  void begin(UdpDoor& door, const io::Datagram& datagram, const http3::PacketHead& head);
  void retry(UdpDoor& door, const io::Datagram& datagram, const http3::PacketHead& head);
  void reset(UdpDoor& door, const io::Datagram& datagram, const http3::PacketHead& head);
  void answer(UdpDoor& door, const io::Datagram& datagram, std::size_t bytes);
  [[nodiscard]] bool may_answer(Answer kind);
  // Whether a client must show that it receives what is sent to its address before it costs a
  // handshake.
  [[nodiscard]] bool wants_proof() const;
  [[nodiscard]] std::size_t datagram_bytes_max() const { return datagram_bytes_max_; }

  using Id = std::array<std::uint8_t, http3::kIdBytes>;
  [[nodiscard]] Id make_id() const;
  // The table's key: of an id of ours the id itself, of one that a client made up a keyed hash.
  [[nodiscard]] static std::uint64_t number_of(const Id& id);
  [[nodiscard]] Http3Connection* find(const http3::PacketHead& head) const;
  void free_closed();

  Shared& shared_;
  std::size_t datagram_bytes_max_;
  // The last is for connections that are to come.
  std::vector<std::unique_ptr<http3::TransportConfig>> transports_;
  http3::TransportOptions transport_options_;  // Of that one.
  http3::SessionWorkspace workspace_;
  base::ObjectPool<Http3Connection> connections_;
  base::ObjectPool<Http3Stream> streams_;
  std::unordered_map<std::uint64_t, Http3Connection*> by_number_;
  base::IntrusiveList<Http3Connection, Http3Connection> alive_;
  base::IntrusiveList<Http3Connection, Http3Connection> closed_;
  base::IntrusiveList<Http3Connection, UnwrittenTag> unwritten_;
  io::DeferredCall free_closed_ = io::DeferredCall::calling<&Http3Connections::free_closed>(*this);
  http::FloodBuckets<kAnswers> answers_;
  std::size_t handshakes_ = 0;
  bool draining_ = false;
};

}  // namespace pear::data::protocol

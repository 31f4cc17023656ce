// Http3Connection: one HTTP/3 connection: datagrams in, exchanges, datagrams out.
//
// What a turn's responses come to is written at its end, in as few system calls as the kernel
// allows. The client's address is the one that QUIC has validated: packets from others change
// nothing before that.
//
// Source:  RFC 9000, RFC 9114.
// Thread:  core-local. Owned by its Http3Connections.
// Memory:  a session (http/http3), a stream for each open request.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/intrusive_list.h"
#include "data/protocol/multiplexed_stream.h"
#include "data/protocol/udp_door.h"
#include "data/security/address_counts.h"
#include "http/http3/server_session.h"
#include "io/socket_address.h"
#include "io/timer_wheel.h"
#include "io/tls/quic_session.h"
#include "io/udp_socket.h"

namespace pear::data::protocol {

class Http3Connections;
class Shared;
struct UnwrittenTag;

class Http3Connection final : public http3::SessionOwner,
                              public base::ListHook<Http3Connection>,
                              public base::ListHook<UnwrittenTag> {
 public:
  // What the client's first datagram has settled.
  struct Start {
    UdpDoor& door;
    io::SocketAddress peer;
    io::SocketAddress local;
    std::span<const std::uint8_t> destination;  // The id that the client made up.
    std::span<const std::uint8_t> original;     // The one before a Retry; else empty.
    // Where a Retry has shown that the address is the client's, and it may come in.
    std::optional<security::CountedConnection> place;
  };
  Http3Connection(Http3Connections& owner, Start& start);
  virtual ~Http3Connection();
  Http3Connection(const Http3Connection&) = delete;
  Http3Connection& operator=(const Http3Connection&) = delete;
  Http3Connection(Http3Connection&&) = delete;
  Http3Connection& operator=(Http3Connection&&) = delete;

  // False: it is of no use.
  [[nodiscard]] bool open(const Start& start);
  void receive(UdpDoor& door, const io::Datagram& datagram);
  // What was received is looked at; called when all datagrams of the turn are in.
  void take_requests();
  // Whether nothing is asked and nothing is owed; and since when.
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] MonotonicTime idle_since() const { return idle_since_; }
  void drain();
  // Writes what is due; called at the end of the turn.
  void write();
  // The connection is over; it is freed at the end of the turn. Nothing is said.
  void close();
  // The same, with a word to the client.
  void end_at_once();

  void on_open(const http3::Transport::State& state) override;
  [[nodiscard]] http3::StreamOwner* on_request(http3::StreamId stream,
                                               const http::RequestHead& head, Body body) override;
  [[nodiscard]] http3::StreamOwner* on_refused(http3::StreamId stream,
                                               const http::Refusal& refusal) override;
  void on_offence(http3::Offence offence) override;

  // ---- For its streams.
  [[nodiscard]] http3::ServerSession& session() { return *session_; }
  [[nodiscard]] Shared& shared();
  // There is something to write, at the end of the turn.
  void write_later();
  void on_stream_closed(Http3Stream& stream);

 private:
  friend class Http3Connections;
  // What `waiting_timer_` waits for.
  enum class Waiting : std::uint8_t {
    Nothing,
    Handshake,
    FirstRequest,
    Idle,
    LastStreams,  // The second step of a shutdown.
    LastPackets,  // That what was sent last has arrived, before the connection ends.
  };

  [[nodiscard]] http3::Transport& transport() { return session_->transport(); }
  [[nodiscard]] Http3Stream* open_stream(http3::StreamId id);
  [[nodiscard]] Origin origin();
  // Asks for a place, now that the address is known to be the client's. False: there is none.
  [[nodiscard]] bool take_place();
  void write_qlog(http3::Transport& transport, std::span<const std::uint8_t> id);
  void renew_ids();
  void follow_paths();
  void send();
  void arm_transport_timer();
  void rest();
  void wait_for(Waiting what);
  void shut_down();
  void on_waiting(MonotonicTime now);
  void on_transport_timer(MonotonicTime now);

  Http3Connections& owner_;
  UdpDoor* door_;  // Borrowed: by which it last heard from the client.
  io::SocketAddress peer_;
  std::optional<security::CountedConnection> place_;  // Nothing until the address is proven.
  std::unique_ptr<io::tls::QuicSession> tls_;
  std::unique_ptr<http3::ServerSession> session_;  // Uses tls_.
  io::Timer waiting_timer_ = io::Timer::calling<&Http3Connection::on_waiting>(*this);
  io::Timer transport_timer_ = io::Timer::calling<&Http3Connection::on_transport_timer>(*this);
  std::vector<std::uint64_t> numbers_;  // By which the table knows it.
  MonotonicTime paced_until_{};         // More may leave then; zero: at once.
  std::uint32_t requests_ = 0;          // Begun.
  Waiting waiting_ = Waiting::Nothing;
  bool early_ = false;  // What comes now may be a copy of early data.
  MonotonicTime idle_since_{};
  bool established_ = false;
  bool shutdown_announced_ = false;
  bool shutdown_finished_ = false;
  bool closed_ = false;
};

}  // namespace pear::data::protocol

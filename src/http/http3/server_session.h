// ServerSession: the server's side of one HTTP/3 connection: datagrams in, requests out; responses
// in, datagrams out. No sockets, no waiting.
//
// The transport does QUIC, frames and QPACK; what a message may look like is the rule book's
// (http/head_builder.h), as for HTTP/2.
//
// Source:  RFC 9114; RFC 9218 (priorities); RFC 8470 (early data).
// Thread:  core-local.
// Memory:  a stream for each open request, from the core's pool; else the transport's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/object_pool.h"
#include "base/time.h"
#include "http/field.h"
#include "http/flood_buckets.h"
#include "http/head_builder.h"
#include "http/http3/error_code.h"
#include "http/http3/offence.h"
#include "http/http3/transport.h"
#include "http/refusal.h"
#include "http/session_owner.h"
#include "http/stream_owner.h"

namespace pear::http3 {

class Section;
class ServerSession;

struct SessionOptions {
  http::HeadLimits head;
  std::uint32_t stream_window = 64 * 1024;  // Bytes of a body that its reader has not used up.
  FloodLimits floods;
};

// One request's owner, to whom the session talks from within advance().
using StreamOwner = http::StreamOwner<ErrorCode>;

// The connection's owner.
class SessionOwner : public http::SessionOwner<StreamId, ErrorCode, Offence> {
 public:
  // Requests may come from now on: the handshake is complete, or early data was accepted. Called
  // once or twice.
  virtual void on_open(const Transport::State& state) = 0;

 protected:
  ~SessionOwner() = default;
};

// What the sessions of a core share: room that is in use only within a call.
class SessionWorkspace {
 public:
  explicit SessionWorkspace(const SessionOptions& options, std::size_t streams_max);
  ~SessionWorkspace();
  SessionWorkspace(const SessionWorkspace&) = delete;
  SessionWorkspace& operator=(const SessionWorkspace&) = delete;
  SessionWorkspace(SessionWorkspace&&) = delete;
  SessionWorkspace& operator=(SessionWorkspace&&) = delete;

  // For heads that are to come, on connections that are open, too.
  void use(const SessionOptions& options);

 private:
  friend class ServerSession;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

class ServerSession {
 public:
  // `owner` and `workspace` outlive it.
  ServerSession(std::unique_ptr<Transport> transport, SessionOwner& owner,
                SessionWorkspace& workspace);
  // Calls on_closed() of every stream that is open.
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;
  ServerSession(ServerSession&&) = delete;
  ServerSession& operator=(ServerSession&&) = delete;

  // For datagrams, time, ids and paths. After a datagram or a timeout call advance().
  [[nodiscard]] Transport& transport() { return *transport_; }
  [[nodiscard]] const Transport& transport() const { return *transport_; }

  // Goes on with what has come and with what can be sent: before the transport is asked for
  // datagrams, and again after the owners of streams had something to say.
  void advance(MonotonicTime now);

  // It stopped before all was done, so that others get their turn.
  [[nodiscard]] bool wants_advance() const { return !failed_ && !marked_.empty(); }

  // ---- For a stream whose owner was given by on_request(), until on_closed().

  using ResponseHead = http::ResponseHead;
  // The final response. Its body is asked of the owner as the client has room. Once it is sent, a
  // request that has not ended is stopped (STOP_SENDING with H3_NO_ERROR).
  void respond(StreamId id, const ResponseHead& head);
  // The owner has an interim response (100, 103): next_interim() will be asked, before respond().
  void inform(StreamId id);
  // What the client takes of a head or of trailers, as http::field_section_size() counts it;
  // UINT64_MAX while it has not said so.
  [[nodiscard]] std::uint64_t section_max() const { return transport_->section_max(); }
  // body_ready() has more to say than before.
  void resume(StreamId id);
  // `bytes` of the request's body were used up: more is read.
  void consume(StreamId id, std::size_t bytes);
  // Ends it: on_closed() comes from within advance(), not from here.
  void reset(StreamId id, ErrorCode error);

  // ---- The end (RFC 9114, section 5.2).

  // First step: tells the client to begin no more requests here. Those on their way are served.
  void announce_shutdown();
  // Second step, a round trip later: names the first request that is not served.
  void finish_shutdown();
  void close(ErrorCode error);

  [[nodiscard]] std::size_t streams_open() const { return streams_.size(); }
  // Requests that were begun, whatever came of them.
  [[nodiscard]] std::uint64_t requests() const { return next_stream_ / 4; }

 private:
  struct Stream;
  friend struct SessionWorkspace::Parts;

  [[nodiscard]] Stream* find(StreamId stream) const;
  void run();
  void take_state();
  void take_events();
  void take(const Transport::Event& event);
  void take_stops();
  // ---- server_streams.cc: one stream.
  void take_head(const Transport::Event& event);
  void take_trailers(Stream& stream);
  void take_end_without_head(StreamId id);
  void take_reset_without_head(StreamId id);
  void read_body(Stream& stream);
  void finish_request(Stream& stream, std::span<const http::Field> trailers);
  void refuse_head(StreamId id, const http::Refusal& refusal);
  void fail_request(Stream& stream, const http::Refusal& refusal);
  void take_reset(Stream& stream, ErrorCode code);
  void take_priority(StreamId id);
  // Whether the stream's head was still awaited; it is no more.
  [[nodiscard]] bool note_begin(StreamId id);
  [[nodiscard]] Stream* open_stream(StreamId id);
  void close(Stream& stream, ErrorCode error);
  // ---- server_responses.cc
  void send(Stream& stream);
  [[nodiscard]] Sent send_interim(Stream& stream, const http::InterimHead& interim);
  [[nodiscard]] Sent send_head(Stream& stream);
  [[nodiscard]] Sent send_fields(Stream& stream, std::span<const http::Field> own,
                                 std::span<const http::Field> fields, Transport::End end);
  [[nodiscard]] Sent begin_section(Stream& stream, std::unique_ptr<Section> section,
                                   Transport::End end);
  [[nodiscard]] Sent go_on_with_section(Stream& stream);
  [[nodiscard]] Sent send_body(Stream& stream);
  [[nodiscard]] Transport::SentBody send_piece(Stream& stream, std::string_view piece,
                                               Transport::End end);
  [[nodiscard]] Sent send_end(Stream& stream);
  [[nodiscard]] Sent send_trailers(Stream& stream, std::span<const http::Field> trailers);
  void finish_response(Stream& stream);
  void mark(Stream& stream);
  void send_go_away();
  [[nodiscard]] bool count(Offence offence);

  std::unique_ptr<Transport> transport_;
  SessionOwner& owner_;
  SessionWorkspace::Parts& shared_;
  http::FloodBuckets<kFloods> floods_;
  std::vector<Stream*> streams_;     // By id.
  std::vector<StreamId> marked_;     // With something to do in advance().
  std::vector<StreamId> overtaken_;  // Before next_stream_, their heads not here yet.
  MonotonicTime now_{};
  std::uint64_t stops_ = 0;   // Of the transport's, those that were looked at.
  StreamId next_stream_ = 0;  // The first that has not come yet; see overtaken_.
  StreamId go_away_ = 0;      // What is to be said …
  bool go_away_due_ = false;  // … as soon as there is room.
  bool opened_ = false;
  bool established_ = false;
  bool failed_ = false;  // The connection is being closed.
};

}  // namespace pear::http3

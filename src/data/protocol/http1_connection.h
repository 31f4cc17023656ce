// Http1Connection: one HTTP/1.x connection: bytes in, exchanges, bytes out.
//
// Requests of a connection are served one after the other; what a client sends ahead (pipelining)
// waits until its turn. While a response is on its way nothing is read but the rest of its request.
//
// Source:  RFC 9112, section 9 (connection management).
// Thread:  core-local. Owned by its Http1Connections.
// Memory:  while idle nothing but itself (static_assert below). A request in progress adds a
//          Http1Request from the core's pool; input that had to wait, and output that the kernel
//          did not take, live in chunks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "data/exchange.h"
#include "data/protocol/body_pace.h"
#include "data/protocol/peer.h"
#include "data/protocol/stream.h"
#include "http/http1/chunk_parser.h"
#include "http/http1/request_parser.h"
#include "http/piece_writer.h"
#include "io/chunk.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"
#include "io/tls/byte_stream.h"

namespace pear::data::protocol {

class Http1Connections;
struct Origin;

// What a connection needs between the first byte of a request and the last of its response.
struct Http1Request {
  Http1Request(const http::HeadLimits& head_limits, const http1::ChunkLimits& chunk_limits)
      : head(head_limits), chunks(chunk_limits) {}

  http1::RequestParser head;
  http1::ChunkParser chunks;
  io::ChunkPtr field_storage;                  // Of the head, then of the trailers;
  std::unique_ptr<http::Field[]> many_fields;  // where a chunk does not hold http.fields_max.
  Exchange* exchange = nullptr;                // Open from the head's end to the response's.
  std::uint64_t body_left = 0;                 // With Framing::Length.
  http::Framing framing = http::Framing::None;
  http::Method method = http::Method::Get;
  http::Version version = http::Version::Http11;
  BodyPace pace;
  bool paced = false;      // The timer is that of the pace.
  bool keep_alive = true;  // So far.
  bool body_read = false;  // The request is complete, or no more of it is awaited.

  // The response.
  http::Framing response_framing = http::Framing::None;
  std::uint64_t response_left = 0;  // With Framing::Length.
  std::uint64_t bytes_out = 0;
  http::FieldCursor lines;      // Of a head, and then of trailers, that go out in pieces.
  bool head_begun = false;      // It goes out in pieces, and the first is out.
  bool head_written = false;    // To the socket or to the unsent bytes.
  bool trailers_begun = false;  // As head_begun.
  bool has_body = false;
  bool chunk_open = false;  // The front chunk's header is out, its data and end are not.
};

class Http1Connection final : public io::IoHandler,
                              public Stream,
                              public base::ListHook<Http1Connection> {
 public:
  Http1Connection(Http1Connections& owner, io::tls::ByteStream stream, Peer peer);
  ~Http1Connection() override;
  Http1Connection(const Http1Connection&) = delete;
  Http1Connection& operator=(const Http1Connection&) = delete;
  Http1Connection(Http1Connection&&) = delete;
  Http1Connection& operator=(Http1Connection&&) = delete;

  // False: it could not be watched, and is of no use.
  [[nodiscard]] bool open();

  void on_io(io::IoEvents events) override;
  void on_response(Exchange& exchange) override;
  // Clients of HTTP/1.1 that do not expect one are known to break (RFC 8297, section 3).
  void on_interim(Exchange& /*exchange*/) override {}
  [[nodiscard]] std::uint64_t section_max() const override { return kAnySize; }
  void on_request_room(Exchange& exchange) override;

  // Whether nothing is asked and nothing is owed; and since when.
  [[nodiscard]] bool is_idle() const { return !draining_ && idle(); }
  [[nodiscard]] MonotonicTime idle_since() const { return idle_since_; }

  // The server is going away, or needs the room: what the client has asked is answered, and the
  // connection closes.
  void drain();

 private:
  friend class Http1Connections;
  // What the timer waits for.
  enum class Waiting : std::uint8_t { Nothing, Head, Idle, Body, Write, Linger, LastWord };

  // ---- Input (http1_input.cc).
  void read();
  // Works through input; what cannot be used now is kept.
  void take(std::span<char> input);
  [[nodiscard]] std::size_t take_head(std::span<char> input);
  // Whether the client speaks HTTP/2 without having asked (RFC 9113, section 3.3). Maybe: more
  // bytes will tell.
  enum class Http2 : std::uint8_t { No, Maybe, Yes };
  [[nodiscard]] Http2 preface_in(std::span<const char> input) const;
  void become_http2(std::span<const char> input);
  [[nodiscard]] std::size_t take_body(std::span<char> input);
  void begin_exchange(std::span<char> head_bytes);
  [[nodiscard]] bool fill_request(Exchange& exchange, const http::RequestHead& head,
                                  std::span<const char> head_bytes);
  [[nodiscard]] Origin origin() const;
  void on_peer_ended();
  void end_request_body();
  void cut_request_body();
  void refuse(const http::Refusal& refusal);
  void refuse_body(const http::Refusal& refusal);
  [[nodiscard]] std::span<http::Field> field_storage();
  [[nodiscard]] bool may_read() const;
  // Goes on with kept input, and then with the socket, as far as that is possible now.
  void resume();
  [[nodiscard]] bool idle() const;
  void end_if_idle();

  // ---- Output (http1_output.cc).
  void write();
  [[nodiscard]] bool flush_unsent();
  // The kernel has all that was said.
  [[nodiscard]] bool all_sent() const { return unsent_.empty() && !stream_.has_unsent(); }
  // Writes what the response has, in one system call. False: nothing more can be written now.
  [[nodiscard]] bool write_batch();
  class Batch;
  void compose(Batch& batch);
  // Each of them gives false where the batch has no room for all of it.
  [[nodiscard]] bool compose_head(Batch& batch);
  [[nodiscard]] bool compose_body(Batch& batch);
  [[nodiscard]] bool compose_trailers(Batch& batch);
  [[nodiscard]] bool settle(const Batch& batch, std::size_t taken);
  void rewind_lines(const Batch& batch, std::size_t taken);
  void choose_framing();
  // A head or trailers have begun to go out in pieces, and some are left.
  [[nodiscard]] bool is_mid_section() const;
  void queue_text(std::string_view text);
  void finish_response();
  void linger();
  void read_past();

  void wait_for(Waiting what);
  [[nodiscard]] MonotonicTime pace_deadline();
  void on_timer(MonotonicTime now);
  // The connection is over; it is freed at the end of the turn.
  void close();
  // The same where nothing is under way: TLS says so.
  void leave();

  Http1Connections& owner_;
  io::tls::ByteStream stream_;
  Peer peer_;
  io::Timer timer_ = io::Timer::calling<&Http1Connection::on_timer>(*this);
  Http1Request* request_ = nullptr;  // Owned, from owner_'s pool.
  io::ByteQueue unsent_;             // Output that the kernel did not take.
  io::ByteQueue kept_;               // Input that waits for its turn.
  MonotonicTime linger_until_{};     // While it lingers.
  MonotonicTime idle_since_{};
  std::uint32_t requests_ = 0;  // Served.
  Waiting waiting_ = Waiting::Nothing;
  bool draining_ = false;
  bool readable_ = false;      // The socket may hold more: it was not read to its end.
  bool peer_closing_ = false;  // Its FIN is in the socket, behind what it sent.
  bool peer_ended_ = false;    // It sends no more, and still reads.
  bool lingering_ = false;     // All is said; what still comes is thrown away.
  bool closed_ = false;
};
static_assert(sizeof(Http1Connection) <= 368,
              "an idle connection may take 400 bytes, the allocator's share included");

}  // namespace pear::data::protocol

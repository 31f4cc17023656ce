// Transport: one QUIC connection, and the frames of HTTP/3 over it: datagrams in and out, no
// sockets, no waiting. A thin face over quiche, which does packets, recovery, congestion, flow
// control and QPACK, and reads the clock for itself.
//
// Source:  RFC 9000, 9001, 9002, 9114, 9204.
// Thread:  core-local.
// Memory:  quiche's: 28 KiB for a connection at rest, 41 KiB with HTTP/3; 15 bytes more for each
//          stream that has ended, for as long as the connection lasts.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "http/field.h"
#include "http/http3/packet.h"

struct PearAddress;  // NOLINT(readability-identifier-naming): names of pear_quic.h.
struct PearQuic;
struct PearQuicConfig;
struct PearField;
struct ssl_st;

namespace pear::http3 {

using StreamId = std::uint64_t;

// As a socket knows it: IPv4 in the first four bytes of `ip`.
struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint32_t scope = 0;  // Of a link-local IPv6 address.
  std::uint16_t port = 0;
  bool v6 = false;

  bool operator==(const Address&) const = default;
};

enum class Congestion : std::uint8_t { Cubic, Reno, Bbr };

struct TransportOptions {
  std::chrono::milliseconds idle_timeout{30'000};
  std::uint32_t streams_max = 100;                  // Requests at a time.
  std::uint64_t stream_window = 64UL * 1024;        // Bytes of a body before they are read,
  std::uint64_t connection_window = 1024UL * 1024;  // and of all together.
  std::uint64_t field_section_max = 64UL * 1024;    // Bytes of a header, uncompressed.
  std::uint32_t ids_max = 4;                        // Connection ids in use at a time.
  std::uint32_t datagram_bytes_max = 1452;          // Payload, where the path takes it.
  Congestion congestion = Congestion::Cubic;
  bool pacing = true;
  bool operator==(const TransportOptions&) const = default;
};

// What the connections of a core have in common.
class TransportConfig {
 public:
  explicit TransportConfig(const TransportOptions& options);
  ~TransportConfig();
  TransportConfig(const TransportConfig&) = delete;
  TransportConfig& operator=(const TransportConfig&) = delete;
  TransportConfig(TransportConfig&&) = delete;
  TransportConfig& operator=(TransportConfig&&) = delete;

  // What a client remembers with its ticket and goes by when it sends early data.
  [[nodiscard]] Bytes limits() const { return limits_; }

 private:
  friend class Transport;
  PearQuicConfig* config_;         // Owned.
  std::vector<PearField> fields_;  // Room for a head on its way out.
  std::array<std::uint8_t, 32> limits_{};
};

// What a call came to that gives a stream bytes.
enum class Sent : std::uint8_t {
  Done,
  Blocked,  // Again, with all of it, once next_writable() names the stream.
  Failed,   // The stream is gone.
};

class Transport {
 public:
  enum class Side : std::uint8_t { Server, Client };
  struct Start {
    Bytes id;                  // Ours.
    ResetToken reset_token{};  // Of `id`.
    Bytes original;            // After a Retry: the destination of the client's first packet.
    Address local;
    Address peer;
    ssl_st* ssl = nullptr;  // The transport owns it from now on.
    Side side = Side::Server;
    // Of a client, to resume: what io/tls/client_context.h has kept.
    Bytes ticket;
    Bytes ticket_parameters;
  };
  // Null where BoringSSL refuses the SSL or the ticket, or without memory. `config` outlives it.
  [[nodiscard]] static std::unique_ptr<Transport> make(TransportConfig& config, const Start& start);
  Transport(TransportConfig& config, PearQuic* quic) : config_(config), quic_(quic) {}
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  Transport(Transport&&) = delete;
  Transport& operator=(Transport&&) = delete;

  // ---- Datagrams and time.

  // Decrypts it in place.
  void receive(std::span<std::uint8_t> datagram, const Address& from, const Address& to);
  struct Outgoing {
    std::size_t bytes = 0;  // 0: there is nothing to send.
    Address from;
    Address to;
    std::chrono::nanoseconds delay{};  // How long pacing would have it wait.
  };
  // One datagram.
  [[nodiscard]] Outgoing send(std::span<std::uint8_t> out);
  // How many bytes may leave at once.
  [[nodiscard]] std::size_t send_quantum() const;
  // From now to the next on_timeout(); none: no timer runs.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() const;
  void on_timeout();

  struct State {
    bool established = false;  // The handshake is complete.
    bool early = false;        // It is not, and early data was accepted.
    bool draining = false;     // Nothing more will be sent.
    bool closed = false;
    bool timed_out = false;
    bool resumed = false;
    bool early_taken = false;  // Established, and early data was accepted before.
  };
  [[nodiscard]] State state() const;
  // Sends CONNECTION_CLOSE with a code of HTTP/3. Harmless when it ends already.
  void close(std::uint64_t code);
  struct Error {
    std::uint64_t code = 0;
    std::string_view reason;  // As long as the connection.
    bool of_application = false;
  };
  [[nodiscard]] std::optional<Error> local_error() const;
  [[nodiscard]] std::optional<Error> peer_error() const;

  // ---- Connection ids and paths.

  [[nodiscard]] std::size_t ids_wanted() const;
  [[nodiscard]] bool add_id(Bytes id, const ResetToken& reset_token);
  // An id of ours that the peer uses no more: at most kIdBytesMax bytes into `out`; 0: none.
  [[nodiscard]] std::size_t next_retired_id(std::span<std::uint8_t, kIdBytesMax> out);
  // The validated address that the peer has moved to since the last call.
  [[nodiscard]] std::optional<Address> moved();
  // Takes over the descriptor.
  void write_qlog(int fd);

  struct Stats {
    std::uint64_t packets_received = 0;
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_lost = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::chrono::nanoseconds rtt{};
  };
  [[nodiscard]] Stats stats() const;

  // ---- HTTP/3: after open_http3(), which needs an established connection or early data.

  [[nodiscard]] bool open_http3();

  enum class EventKind : std::uint8_t {
    Nothing,
    Head,  // Also trailers.
    Body,  // read_body() until it gives nothing: it is not said again before.
    End,
    Reset,  // By the peer, with `code`.
    Priority,
    GoAway,
    Failed,  // The connection is being closed, with the protocol's own error.
  };
  struct Event {
    EventKind kind = EventKind::Nothing;
    StreamId stream = 0;
    std::uint64_t code = 0;
    bool more = false;  // Something follows the head.
  };
  [[nodiscard]] Event next_event();
  // Gives each field of the last head to fn(name, value). Before the next event is asked for.
  template <typename Fn>
  void for_each_field(Fn fn) const {
    for (std::size_t i = 0; i < head_count_; ++i) {
      const auto [name, value] = head_field(i);
      fn(name, value);
    }
  }
  // 0: nothing now.
  [[nodiscard]] std::size_t read_body(StreamId stream, std::span<std::uint8_t> out);

  struct Priority {
    std::uint8_t urgency = 3;  // 0 to 7.
    bool incremental = false;
  };
  // Of a Priority field's value; none where it is malformed.
  [[nodiscard]] static std::optional<Priority> parse_priority(std::string_view value);
  // That of the stream's newest PRIORITY_UPDATE.
  [[nodiscard]] std::optional<Priority> take_priority(StreamId stream);
  void set_priority(StreamId stream, Priority priority);

  enum class Order : std::uint8_t { First, Later };  // Of the heads on a stream.
  enum class End : std::uint8_t { Follows, Here };   // Of what is sent on it.
  struct Head {
    std::span<const http::Field> fields;  // Pseudo-header fields first.
    Order order = Order::First;
    End end = End::Follows;
    Priority priority;
  };
  [[nodiscard]] Sent send_head(StreamId stream, const Head& head);
  [[nodiscard]] Sent send_trailers(StreamId stream, std::span<const http::Field> fields);
  // On a client's side. None: the server allows no more requests now.
  [[nodiscard]] std::optional<StreamId> request(std::span<const http::Field> fields, End end);
  struct SentBody {
    Sent outcome = Sent::Done;
    std::size_t bytes = 0;  // Taken: less than all with Blocked.
  };
  [[nodiscard]] SentBody send_body(StreamId stream, std::string_view bytes, End end);
  // How many bytes write() takes on a stream now; nothing: the peer has stopped it, or it is gone.
  // Where they are less than `least` (at least 1): 0, and next_writable() names the stream when
  // they are so many.
  [[nodiscard]] std::optional<std::size_t> room(StreamId stream, std::size_t least);
  // Bytes of a stream as they are, no more than there is room for: frames that leave in pieces.
  // send_body() and its like send nothing on a stream that began like this. False: as of room().
  [[nodiscard]] bool write(StreamId stream, std::string_view bytes, End end);
  // What the peer takes of a field section; UINT64_MAX while it has not said so.
  [[nodiscard]] std::uint64_t section_max() const;
  // A stream that can take more than it could, or whose peer has stopped it; each once.
  [[nodiscard]] std::optional<StreamId> next_writable();
  // How many streams the peer has stopped (STOP_SENDING): next_writable() does not name them all.
  [[nodiscard]] std::uint64_t stops() const;
  [[nodiscard]] bool is_stopped(StreamId stream);
  void reset_stream(StreamId stream, std::uint64_t code);  // RESET_STREAM.
  void stop_sending(StreamId stream, std::uint64_t code);  // STOP_SENDING.
  [[nodiscard]] Sent go_away(StreamId first_not_served);

 private:
  [[nodiscard]] http::Field head_field(std::size_t index) const;

  TransportConfig& config_;
  PearQuic* quic_;  // Owned.
  const PearField* head_ = nullptr;
  std::size_t head_count_ = 0;
};

}  // namespace pear::http3

// ClientSession: the client's side of one HTTP/3 connection: requests in, datagrams out; datagrams
// in, answers out. No sockets, no waiting. For load and tests.
//
// Source:  RFC 9114; the transport does QUIC, frames and QPACK.
// Thread:  core-local.
// Memory:  the transport's, and 64 bytes for each tag.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/field.h"
#include "http/http3/error_code.h"
#include "http/http3/transport.h"
#include "http/request_owner.h"

namespace pear::http3 {

class ClientSession {
 public:
  // `owner` outlives it.
  ClientSession(std::unique_ptr<Transport> transport, http::RequestOwner& owner)
      : transport_(std::move(transport)), owner_(owner) {}

  // For datagrams and time. After a datagram or a timeout call advance().
  [[nodiscard]] Transport& transport() { return *transport_; }
  [[nodiscard]] const Transport& transport() const { return *transport_; }

  // Goes on with what has come. `room`: where bodies are read to, piece by piece.
  void advance(std::span<std::uint8_t> room);

  enum class Begun : std::uint8_t {
    Yes,
    Later,  // Not open yet, or the server allows no more at a time now.
    Never,  // GOAWAY, or the connection ends.
  };
  // `body` lives until the request's on_end().
  [[nodiscard]] Begun request(http::RequestTag tag, std::span<const http::Field> fields,
                              std::string_view body);
  // Gives a request up: nothing more is told of it.
  void cancel(http::RequestTag tag);

  // Requests can be sent: the handshake is complete, or early data is possible.
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] bool going_away() const { return going_away_; }
  // Nothing more will be read: transport().peer_error() may say why.
  [[nodiscard]] bool over() const;

 private:
  struct Stream {
    http::RequestTag tag = 0;
    std::uint16_t status = 0;
    std::string_view body;  // What is not sent yet.
  };

  void take(const Transport::Event& event, std::span<std::uint8_t> room);
  void take_head(Stream& stream);
  void send_body(StreamId id, Stream& stream);
  void end(StreamId id, http::RequestEnd how);
  void go_away(StreamId first_not_served);

  std::unique_ptr<Transport> transport_;
  http::RequestOwner& owner_;
  std::unordered_map<StreamId, Stream> streams_;
  bool open_ = false;
  bool going_away_ = false;
  bool failed_ = false;
};

}  // namespace pear::http3

// ClientProtocol: what a connection of the load generator over TCP speaks: requests in, bytes out;
// bytes in, answers out, which go to the http::RequestOwner that it was made with.
//
// HTTP/1.1 (http1_client.h) has one request at a time, HTTP/2 (http2_client.h) several. HTTP/3
// brings its own transport: see quic_wire.h.
//
// Thread: core-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/request_owner.h"
#include "load/workload.h"

namespace pear::load {

class ClientProtocol {
 public:
  ClientProtocol() = default;
  virtual ~ClientProtocol() = default;
  ClientProtocol(const ClientProtocol&) = delete;
  ClientProtocol& operator=(const ClientProtocol&) = delete;
  ClientProtocol(ClientProtocol&&) = delete;
  ClientProtocol& operator=(ClientProtocol&&) = delete;

  // How many requests may be under way at once; 0: no new one on this connection.
  [[nodiscard]] virtual std::uint32_t requests_max() const = 0;
  // Begins one. `request` lives until its on_end(). False: the connection takes no more.
  [[nodiscard]] virtual bool request(http::RequestTag tag, const PreparedRequest& request) = 0;
  // Gives one up, without an on_end(). False: only with the whole connection.
  [[nodiscard]] virtual bool cancel(http::RequestTag tag) = 0;

  enum class Received : std::uint8_t {
    GoesOn,
    Over,     // In good order: nothing more will be read or written.
    Aborted,  // The server has ended the connection with an error.
    Broken,   // What came is not this protocol.
  };
  // Takes all of `input`, which it may write to.
  [[nodiscard]] virtual Received receive(std::span<char> input) = 0;
  // The peer has ended the connection, which may be an answer's end.
  virtual void receive_end() = 0;

  // The next of the bytes that are to be sent; empty: none. Until drop() or another call.
  [[nodiscard]] virtual std::string_view output() = 0;
  // The first `bytes` of output() were sent.
  virtual void drop(std::size_t bytes) = 0;
};

}  // namespace pear::load

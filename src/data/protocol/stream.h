// Stream: the request path's view of one request on a connection, whatever the protocol.
//
// The protocol hands requests to the path (request_path.h) and is told here when there is something
// to do; it pulls what it can send from exchange.response.
//
// Thread: core-local. Called from the core between slices of guests, never from within one.
#pragma once

#include <cstdint>
#include <span>

#include "data/exchange.h"
#include "http/field.h"

namespace pear::data::protocol {

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Stream(Stream&&) = delete;
  Stream& operator=(Stream&&) = delete;

  // exchange.response has a head, more body, its end, or was cut.
  virtual void on_response(Exchange& exchange) = 0;
  // An interim response, before there is a head; `fields` for the call. Where clients might take it
  // for the response itself, it is not sent.
  virtual void inform(std::uint16_t status, std::span<const http::Field> fields) = 0;
  // The guest took some of the request's body: the client may send more.
  virtual void on_request_room(Exchange& exchange) = 0;

 protected:
  ~Stream() = default;
};

}  // namespace pear::data::protocol

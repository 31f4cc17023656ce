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
  // exchange.interims has one more, before there is a head: to be taken from there and sent, before
  // the head. Where clients might take it for the response itself, it is not sent.
  virtual void on_interim(Exchange& exchange) = 0;
  // What the client takes of a head or of trailers, as http::field_section_size() counts it.
  static constexpr std::uint64_t kAnySize = UINT64_MAX;
  [[nodiscard]] virtual std::uint64_t section_max() const = 0;
  // The guest took some of the request's body: the client may send more.
  virtual void on_request_room(Exchange& exchange) = 0;

 protected:
  ~Stream() = default;
};

}  // namespace pear::data::protocol

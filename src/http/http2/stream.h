// ServerSession::Stream: what a session knows of one open stream beside nghttp2. Inside the module.
//
// Thread: core-local.
// Memory: a block of SessionMemory; lives from the first byte of the request's head to on_closed().
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "base/intrusive_list.h"
#include "http/field_lines.h"
#include "http/http2/server_session.h"
#include "http/piece_writer.h"

namespace pear::http2 {

struct ServerSession::Stream : base::ListHook<> {
  static constexpr std::uint64_t kAnyLength = std::numeric_limits<std::uint64_t>::max();

  explicit Stream(std::int32_t stream_id) : id(stream_id) {}

  const std::int32_t id;
  bool request_ended = false;
  bool discards = false;  // What comes of the request is thrown away.
  bool reset_by_peer = false;
  bool reset_here = false;
  std::uint32_t unconsumed = 0;  // Bytes given to the owner that consume() has not named.
  std::uint64_t body_left = kAnyLength;
  StreamOwner* owner = nullptr;  // Borrowed; null before on_request() and where that gave none.

  // Its field sections go to nghttp2 one after the other.
  bool section_is_out = true;  // Whether the one before has left.
  bool responding = false;     // `head` is to be sent, or was:
  bool responded = false;      // nghttp2 has it.
  http::ResponseHead head;
  // The end of a section of which nghttp2 has the beginning: it follows in frames of our own.
  std::span<const http::Field> rest;
  http::FieldPlace rest_place = http::FieldPlace::Head;
  http::FieldCursor rest_at;
  // It closed in the middle of that: its owner is told behind it.
  std::optional<ErrorCode> closed;
};

}  // namespace pear::http2

// ServerSession::Stream: what a session knows of one open stream beside nghttp2. Inside the module.
//
// Thread: core-local.
// Memory: a block of SessionMemory; lives from the first byte of the request's head to on_closed().
#pragma once

#include <cstdint>
#include <limits>

#include "base/intrusive_list.h"
#include "http/http2/server_session.h"

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
};

}  // namespace pear::http2

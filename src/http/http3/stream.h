// ServerSession::Stream: what a session knows of one open request; and what sessions of a core
// share. Inside the module.
//
// Thread: core-local.
// Memory: from the core's pool; lives from the request's head to on_closed().
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/object_pool.h"
#include "http/head_builder.h"
#include "http/http3/section.h"
#include "http/http3/server_session.h"

namespace pear::http3 {

struct ServerSession::Stream {
  static constexpr std::uint64_t kAnyLength = std::numeric_limits<std::uint64_t>::max();

  explicit Stream(StreamId stream_id) : id(stream_id) {}

  const StreamId id;
  bool request_ended = false;
  bool discards = false;             // What comes of the request is thrown away.
  bool readable = false;             // The transport may hold more of its body.
  bool marked = false;               // It is among marked_.
  bool informed = false;             // A head was sent by quiche, be it of an interim response.
  bool responding = false;           // `head` is to be sent, or was:
  bool head_sent = false;            // all of it, or `section` is the rest.
  bool ending = false;               // As head_sent, of the response's end.
  bool in_pieces = false;            // quiche's HTTP/3 sends nothing on it, but we ourselves:
  std::unique_ptr<Section> section;  // what goes on now, if something does,
  Transport::End section_end = Transport::End::Follows;  // and what comes behind it.
  bool resetting = false;                                // It ends with `reset_code`.
  ErrorCode reset_code = ErrorCode::NoError;
  Transport::Priority priority;
  std::size_t unconsumed = 0;  // Bytes given to the owner that consume() has not named.
  std::uint64_t body_left = kAnyLength;
  http::ResponseHead head;
  StreamOwner* owner = nullptr;  // Borrowed.
};

struct SessionWorkspace::Parts {
  Parts(const SessionOptions& of_core, std::size_t streams_max)
      : options(of_core), builder(of_core.head), streams(streams_max) {}

  static constexpr std::size_t kBufferBytes = 16UL * 1024;

  SessionOptions options;
  http::HeadBuilder builder;
  base::ObjectPool<ServerSession::Stream> streams;
  std::array<std::uint8_t, kBufferBytes> buffer{};
  std::vector<http::Field> fields;  // Of a head on its way out.
  std::vector<StreamId> marked;     // Those that advance() looks at.
};

}  // namespace pear::http3

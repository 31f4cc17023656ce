// SessionOwner: who owns a multiplexed connection, as the server's session of its protocol (HTTP/2,
// HTTP/3) talks to it. StreamId, ErrorCode and Offence are the protocol's own.
//
// The session calls it from within its own functions.
//
// Thread: core-local.
#pragma once

#include "http/framing.h"
#include "http/refusal.h"
#include "http/request_head.h"
#include "http/stream_owner.h"

namespace pear::http {

template <typename StreamId, typename ErrorCode, typename Offence>
class SessionOwner {
 public:
  SessionOwner() = default;
  SessionOwner(const SessionOwner&) = delete;
  SessionOwner& operator=(const SessionOwner&) = delete;
  SessionOwner(SessionOwner&&) = delete;
  SessionOwner& operator=(SessionOwner&&) = delete;

  using Body = RequestBody;
  // A request's head, within the limits and by the rules. `head` lives until the call returns.
  // Null: there is no room for it (REFUSED_STREAM, H3_REQUEST_REJECTED: the client may send it
  // again).
  [[nodiscard]] virtual StreamOwner<ErrorCode>* on_request(StreamId stream, const RequestHead& head,
                                                           Body body) = 0;
  // A request that is to be answered with this status instead (414, 431, 501 …). What else comes of
  // it is thrown away: neither on_body() nor on_request_end() are called.
  [[nodiscard]] virtual StreamOwner<ErrorCode>* on_refused(StreamId stream,
                                                           const Refusal& refusal) = 0;
  // Something that a well-behaved client does not do, for counters and logs: a flood (the
  // connection is being closed), a malformed request (the stream is), a protocol error.
  virtual void on_offence(Offence offence) = 0;

 protected:
  ~SessionOwner() = default;
};

}  // namespace pear::http

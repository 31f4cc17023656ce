// StreamOwner: one request on a multiplexed connection, as the session of its protocol (HTTP/2,
// HTTP/3) talks to it. ErrorCode is the protocol's own.
//
// The session calls it from within its own functions. It may call any function of the session for
// its stream, but must not destroy the session.
//
// Thread: core-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/field.h"
#include "http/refusal.h"

namespace pear::http {

// An interim response (1xx). The fields live until on_closed().
struct InterimHead {
  std::uint16_t status = 0;
  std::span<const Field> fields;
};

template <typename ErrorCode>
class StreamOwner {
 public:
  StreamOwner() = default;
  StreamOwner(const StreamOwner&) = delete;
  StreamOwner& operator=(const StreamOwner&) = delete;
  StreamOwner(StreamOwner&&) = delete;
  StreamOwner& operator=(StreamOwner&&) = delete;

  // Bytes of the request's body. Their window is given back by the session's consume().
  virtual void on_body(std::string_view bytes) = 0;
  // A request whose body followed is complete (one without a body was so from the start: this is
  // not called). `trailers` live until the call returns.
  virtual void on_request_end(std::span<const Field> trailers) = 0;
  // The body is longer or shorter than its Content-Length. True: the response goes on all the same,
  // because it has begun, or because nobody reads the body any more; no more of it is given.
  [[nodiscard]] virtual bool on_wrong_length() = 0;
  // The request broke a rule after its head (such a length, malformed trailers …); on_closed()
  // follows.
  virtual void on_malformed(const Refusal& refusal) = 0;
  // The stream is over, well or not: the last call.
  virtual void on_closed(ErrorCode error) = 0;

  // ---- The response, when the session writes.

  // The next interim response, which counts as sent; nothing: there is none now.
  [[nodiscard]] virtual std::optional<InterimHead> next_interim() = 0;
  // Some of a head or of trailers that go out in pieces has left.
  virtual void on_head_progress() = 0;

  struct Ready {
    std::size_t bytes = 0;  // At most `max`, from the body's beginning.
    bool last = false;      // With them the body is complete; trailers() may follow.
  };
  // What can be sent now; nothing and not last: ask again after the session's resume().
  [[nodiscard]] virtual Ready body_ready(std::size_t max) = 0;
  // The first of the bytes that body_ready() spoke of, as many as lie together: at least one.
  [[nodiscard]] virtual std::string_view body_front() = 0;
  // The first `bytes` of body_front() were taken.
  virtual void drop_body(std::size_t bytes) = 0;
  [[nodiscard]] virtual std::span<const Field> trailers() = 0;

 protected:
  ~StreamOwner() = default;
};

// The final response on a stream.
struct ResponseHead {
  std::uint16_t status = 0;
  // Checked; those that is_framing_field() names are left out. They live until on_closed().
  std::span<const Field> fields;
  std::span<const Field> edge_fields;           // Beside them, a few: as long.
  std::optional<std::uint64_t> content_length;  // None: the head has none.
  std::string_view date;  // An IMF-fixdate, for as long as the session; where `fields` have none.
  bool has_body = false;  // False: the head ends the stream.
};

}  // namespace pear::http

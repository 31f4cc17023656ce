// MultiplexedStream: one request and its response on a connection of HTTP/2 or HTTP/3, between the
// session that knows frames and the path that knows exchanges.
//
// Thread: core-local. Owned by the pool of its connections, from the head to on_closed().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/object_pool.h"
#include "base/time.h"
#include "data/exchange.h"
#include "data/protocol/body_pace.h"
#include "data/protocol/fill_request.h"
#include "data/protocol/stream.h"
#include "data/response/error_response.h"
#include "http/http2/server_session.h"
#include "http/http3/server_session.h"
#include "http/request_head.h"
#include "http/stream_owner.h"
#include "io/timer_wheel.h"

namespace pear::data::protocol {

class Http2Connection;
class Http3Connection;

// What a stream must know of its protocol.
struct Http2Wire {
  using Connection = Http2Connection;
  using Session = http2::ServerSession;
  using StreamId = std::int32_t;
  using ErrorCode = http2::ErrorCode;
  static constexpr Protocol kProtocol = Protocol::Http2;
  static constexpr ErrorCode kCancelled = ErrorCode::Cancel;
  static constexpr ErrorCode kFailed = ErrorCode::InternalError;
};
struct Http3Wire {
  using Connection = Http3Connection;
  using Session = http3::ServerSession;
  using StreamId = http3::StreamId;
  using ErrorCode = http3::ErrorCode;
  static constexpr Protocol kProtocol = Protocol::Http3;
  static constexpr ErrorCode kCancelled = ErrorCode::RequestCancelled;
  static constexpr ErrorCode kFailed = ErrorCode::InternalError;
};

template <typename Wire>
class MultiplexedStream final : public http::StreamOwner<typename Wire::ErrorCode>,
                                public Stream,
                                public io::TimerNode {
 public:
  using Connection = typename Wire::Connection;
  using StreamId = typename Wire::StreamId;
  using ErrorCode = typename Wire::ErrorCode;
  using Ready = typename http::StreamOwner<ErrorCode>::Ready;

  MultiplexedStream(Connection& connection, StreamId id) : connection_(connection), id_(id) {}

  // Made in the pool, with an exchange; then one of the two below. Null: there is no room for it.
  [[nodiscard]] static MultiplexedStream* open(base::ObjectPool<MultiplexedStream>& streams,
                                               Connection& connection, StreamId id);
  // Gives the path the request; its body is waited for, where it has one.
  void begin(const http::RequestHead& head, http::RequestBody body, const Origin& origin);
  // Of a request that the rule book refuses.
  void begin_refused(const http::Refusal& refusal, const Origin& origin);

  // ---- From the path.
  void on_response(Exchange& exchange) override;
  void on_interim(Exchange& exchange) override;
  [[nodiscard]] std::uint64_t section_max() const override;
  void on_request_room(Exchange& exchange) override;

  // ---- From the session.
  void on_body(std::string_view bytes) override;
  void on_request_end(std::span<const http::Field> trailers) override;
  [[nodiscard]] bool on_wrong_length() override;
  void on_malformed(const http::Refusal& refusal) override;
  void on_closed(ErrorCode error) override;
  [[nodiscard]] std::optional<http::InterimHead> next_interim() override;
  void on_head_progress() override { note_progress(); }
  [[nodiscard]] Ready body_ready(std::size_t max) override;
  [[nodiscard]] std::string_view body_front() override;
  void drop_body(std::size_t bytes) override;
  [[nodiscard]] std::span<const http::Field> trailers() override;

  // The client does not go on with its body, or does not take the response.
  void on_timer(MonotonicTime now) override;

 private:
  // What the client is waited for.
  enum class Waiting : std::uint8_t { Nothing, Body, Window };

  // Why the request is refused, if it is.
  [[nodiscard]] std::optional<response::Cause> prepare(const http::RequestHead& head,
                                                       const Origin& origin);
  void expect_body();
  void respond();
  void drop_whole_body();
  void refuse_body(response::Cause cause);
  void reset(ErrorCode error);
  [[nodiscard]] Waiting waiting() const;
  [[nodiscard]] MonotonicTime deadline(Waiting what) const;
  // The client has done something, or is waited for from now on.
  void note_progress();
  void watch();

  Connection& connection_;
  const StreamId id_;
  Exchange* exchange_ = nullptr;  // Open as long as the stream.
  MonotonicTime progress_{};      // The client did something, or began to be waited for.
  BodyPace pace_;
  std::uint64_t body_left_ = 0;  // Of the response, where its length was declared.
  std::size_t owed_ = 0;         // Bytes of the request's body whose window is not given back yet.
  bool responded_ = false;
  bool has_length_ = false;
  bool reset_ = false;  // It is on its way out.
};

using Http2Stream = MultiplexedStream<Http2Wire>;
using Http3Stream = MultiplexedStream<Http3Wire>;

}  // namespace pear::data::protocol

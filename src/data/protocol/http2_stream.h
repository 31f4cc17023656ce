// Http2Stream: one request and its response on an HTTP/2 connection, between the session that knows
// frames and the path that knows exchanges.
//
// Thread: core-local. Owned by its connection's Http2Connections, from the head to on_closed().
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/time.h"
#include "data/exchange.h"
#include "data/protocol/stream.h"
#include "data/response/error_response.h"
#include "http/http2/server_session.h"
#include "io/timer_wheel.h"

namespace pear::data::protocol {

class Http2Connection;

class Http2Stream final : public http2::StreamOwner, public Stream, public io::TimerNode {
 public:
  Http2Stream(Http2Connection& connection, std::int32_t id) : connection_(connection), id_(id) {}

  // Once, before anything else. The exchange was opened for this stream.
  void attach(Exchange& exchange) { exchange_ = &exchange; }
  [[nodiscard]] Exchange& exchange() { return *exchange_; }
  // The head was given to the path: the request's body is waited for, where it has one.
  void begin();

  // ---- From the path.
  void on_response(Exchange& exchange) override;
  void on_request_room(Exchange& exchange) override;

  // ---- From the session.
  void on_body(std::string_view bytes) override;
  void on_request_end(std::span<const http::Field> trailers) override;
  void on_malformed(const http::Refusal& refusal) override;
  void on_closed(http2::ErrorCode error) override;
  [[nodiscard]] Ready body_ready(std::size_t max) override;
  void take_body(std::span<char> out) override;
  [[nodiscard]] std::span<const http::Field> trailers() override;

  // The client does not go on with its body, or does not take the response.
  void on_timer(MonotonicTime now) override;

 private:
  // What the client is waited for.
  enum class Waiting : std::uint8_t { Nothing, Body, Window };

  void respond();
  [[nodiscard]] std::span<const http::Field> response_fields(bool complete);
  void drop_body();
  void refuse_body(response::Cause cause);
  void reset(http2::ErrorCode error);
  [[nodiscard]] Waiting waiting() const;
  [[nodiscard]] std::chrono::milliseconds patience(Waiting what) const;
  // The client has done something, or is waited for from now on.
  void note_progress();
  void watch();

  Http2Connection& connection_;
  const std::int32_t id_;
  Exchange* exchange_ = nullptr;  // Open as long as the stream.
  MonotonicTime progress_{};      // The client did something, or began to be waited for.
  std::uint64_t body_left_ = 0;   // Of the response, where its length was declared.
  std::size_t owed_ = 0;          // Bytes of the request's body whose window is not given back yet.
  bool responded_ = false;
  bool has_length_ = false;
  bool reset_ = false;  // It is on its way out.
};

}  // namespace pear::data::protocol

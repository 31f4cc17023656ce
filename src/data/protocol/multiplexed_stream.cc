#include "data/protocol/multiplexed_stream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "data/copy_fields.h"
#include "data/protocol/http2_connection.h"
#include "data/protocol/http3_connection.h"
#include "data/protocol/response_content.h"
#include "data/protocol/shared.h"

namespace pear::data::protocol {

// ---- The request.

template <typename Wire>
MultiplexedStream<Wire>* MultiplexedStream<Wire>::open(base::ObjectPool<MultiplexedStream>& streams,
                                                       Connection& connection, StreamId id) {
  MultiplexedStream* const stream = streams.create(connection, id);
  if (stream == nullptr) return nullptr;
  stream->exchange_ = connection.shared().path.open(*stream, Wire::kProtocol);
  if (stream->exchange_ != nullptr) return stream;
  streams.destroy(*stream);
  return nullptr;
}

template <typename Wire>
void MultiplexedStream<Wire>::begin(const http::RequestHead& head, http::RequestBody body,
                                    const Origin& origin) {
  exchange_->request.has_body = body == http::RequestBody::Follows;
  exchange_->request_ended = body == http::RequestBody::None;
  if (const auto refused = prepare(head, origin)) {
    connection_.shared().path.start_refused(*exchange_, *refused);
  } else {
    if (head.expect_continue) inform(100, {});
    connection_.shared().path.start(*exchange_);
  }
  note_progress();
}

template <typename Wire>
std::optional<response::Cause> MultiplexedStream<Wire>::prepare(const http::RequestHead& head,
                                                                const Origin& origin) {
  bool fits = true;
  const auto own = [&](std::string_view view) {
    const auto copy = exchange_->arena.copy(view);
    fits = fits && copy.has_value();
    return copy.value_or(std::string_view());
  };
  fits = fill_request(*exchange_, head, origin, own) && fits;
  if (!fits) return response::Cause::HeadTooLarge;
  if (!is_directed_here(origin, exchange_->request.host)) return response::Cause::Misdirected;
  if (head.framing == http::Framing::Length &&
      head.content_length > origin.shared.settings.http.body_max.count) {
    return response::Cause::BodyTooLarge;
  }
  return {};
}

template <typename Wire>
void MultiplexedStream<Wire>::begin_refused(const http::Refusal& refusal, const Origin& origin) {
  fill_origin(*exchange_, origin);
  exchange_->request.method = "-";
  connection_.shared().path.start_refused(*exchange_, response::cause_of(refusal));
}

template <typename Wire>
void MultiplexedStream<Wire>::inform(std::uint16_t status, std::span<const http::Field> fields) {
  connection_.session().inform(id_, status, fields);
  connection_.write_later();
}

// ---- The request's body.

template <typename Wire>
void MultiplexedStream<Wire>::on_body(std::string_view bytes) {
  Shared& shared = connection_.shared();
  if (exchange_->request_bytes + bytes.size() > shared.settings.http.body_max.count &&
      !exchange_->answered) {
    refuse_body(response::Cause::BodyTooLarge);
  }
  shared.path.body(*exchange_, bytes);
  owed_ += bytes.size();
  on_request_room(*exchange_);
  note_progress();
}

template <typename Wire>
void MultiplexedStream<Wire>::on_request_room(Exchange& exchange) {
  if (owed_ == 0 || reset_ || !connection_.shared().path.wants_body(exchange)) return;
  connection_.session().consume(id_, std::exchange(owed_, 0));
  connection_.write_later();
  note_progress();
}

template <typename Wire>
void MultiplexedStream<Wire>::on_request_end(std::span<const http::Field> trailers) {
  const auto copies = copy_fields(exchange_->arena, trailers);
  if (!copies) return refuse_body(response::Cause::HeadTooLarge);
  exchange_->request_trailers = *copies;
  connection_.shared().path.body_end(*exchange_);
}

// Where the response has not begun the client is told; else its stream ends.
template <typename Wire>
void MultiplexedStream<Wire>::refuse_body(response::Cause cause) {
  if (responded_ || exchange_->response.head_ready) return reset(Wire::kCancelled);
  connection_.shared().path.refuse(*exchange_, cause);
}

template <typename Wire>
void MultiplexedStream<Wire>::on_malformed(const http::Refusal& /*refusal*/) {
  connection_.shared().counters.protocol_errors.add();
}

template <typename Wire>
void MultiplexedStream<Wire>::on_closed(ErrorCode /*error*/) {
  cancel();
  connection_.shared().path.close(*exchange_);
  connection_.on_stream_closed(*this);
}

template <typename Wire>
void MultiplexedStream<Wire>::reset(ErrorCode error) {
  if (std::exchange(reset_, true)) return;
  connection_.session().reset(id_, error);
  connection_.write_later();
}

// ---- The response.

template <typename Wire>
void MultiplexedStream<Wire>::on_response(Exchange& exchange) {
  if (reset_) return;
  const Response& response = exchange.response;
  if (!responded_) {
    if (!response.head_ready) return;
    respond();
  } else {
    connection_.session().resume(id_);
  }
  if (response.cut && response.body.empty()) return reset(Wire::kFailed);
  connection_.write_later();
  note_progress();
}

// In the arena, as the session may write it later. Without room there the head has no length.
template <typename Wire>
std::string_view MultiplexedStream<Wire>::length_text(std::uint64_t length) {
  std::array<char, 20> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
  return exchange_->arena.copy({digits.data(), end}).value_or(std::string_view());
}

template <typename Wire>
void MultiplexedStream<Wire>::respond() {
  const Response& response = exchange_->response;
  const http::ResponseContent content = content_of(*exchange_);
  if (content.length && content.follows) {
    has_length_ = true;
    body_left_ = *content.length;
  }
  if (!content.follows) drop_whole_body();
  const bool empty =
      !content.follows || (response.ended && response.body.empty() && response.trailers.empty());
  responded_ = true;
  connection_.session().respond(
      id_, {.status = response.status,
            .fields = response.fields,
            .content_length = content.length ? length_text(*content.length) : std::string_view(),
            .date = connection_.shared().date(),
            .has_body = !empty});
}

template <typename Wire>
void MultiplexedStream<Wire>::drop_whole_body() {
  BodyQueue& body = exchange_->response.body;
  while (!body.empty()) connection_.shared().path.sent(*exchange_, body.pop());
}

template <typename Wire>
typename MultiplexedStream<Wire>::Ready MultiplexedStream<Wire>::body_ready(std::size_t max) {
  const Response& response = exchange_->response;
  const std::uint64_t held = response.body.bytes();
  const std::uint64_t wanted = has_length_ ? std::min(held, body_left_) : held;
  // A body that is cut, or shorter than its length, must not look complete.
  const bool over = response.cut || (response.ended && has_length_ && held < body_left_);
  if (over && held == 0) {
    reset(Wire::kFailed);
    return {};
  }
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, max));
  return {.bytes = bytes, .last = response.ended && !over && bytes == wanted};
}

template <typename Wire>
std::string_view MultiplexedStream<Wire>::body_front() {
  return exchange_->response.body.front()->view();
}

template <typename Wire>
void MultiplexedStream<Wire>::drop_body(std::size_t bytes) {
  BodyQueue& body = exchange_->response.body;
  body_left_ -= std::min<std::uint64_t>(body_left_, bytes);
  const bool whole = bytes == body.front()->view().size();
  body.read(bytes);
  if (whole) connection_.shared().path.sent(*exchange_, body.pop());
  note_progress();
}

template <typename Wire>
std::span<const http::Field> MultiplexedStream<Wire>::trailers() {
  return exchange_->response.trailers;
}

// ---- Time.

template <typename Wire>
typename MultiplexedStream<Wire>::Waiting MultiplexedStream<Wire>::waiting() const {
  if (reset_) return Waiting::Nothing;
  if (responded_ && !exchange_->response.body.empty()) return Waiting::Window;
  if (!exchange_->request_ended && connection_.shared().path.wants_body(*exchange_)) {
    return Waiting::Body;
  }
  return Waiting::Nothing;
}

template <typename Wire>
std::chrono::milliseconds MultiplexedStream<Wire>::patience(Waiting what) const {
  const config::HttpLimits& limits = connection_.shared().settings.http;
  return what == Waiting::Window ? limits.write_timeout : limits.body_timeout;
}

template <typename Wire>
void MultiplexedStream<Wire>::note_progress() {
  progress_ = connection_.shared().path.now();
  watch();
}

// The timer is armed once and looks at progress_ when it fires: not once for each piece of a body.
template <typename Wire>
void MultiplexedStream<Wire>::watch() {
  const Waiting what = waiting();
  if (what == Waiting::Nothing || armed()) return;
  connection_.shared().reactor.timers().arm(*this, progress_ + patience(what));
}

template <typename Wire>
void MultiplexedStream<Wire>::on_timer(MonotonicTime now) {
  const Waiting what = waiting();
  if (what == Waiting::Nothing) return;
  if (now < progress_ + patience(what)) return watch();
  connection_.shared().counters.timeouts.add();
  if (what == Waiting::Window) return reset(Wire::kCancelled);
  refuse_body(response::Cause::BodyTimeout);
}

template class MultiplexedStream<Http2Wire>;
template class MultiplexedStream<Http3Wire>;

}  // namespace pear::data::protocol

#include "data/protocol/multiplexed_stream.h"

#include <algorithm>
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
    if (head.expect_continue) expect_body();
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

// The client waits for a word before it sends its body.
template <typename Wire>
void MultiplexedStream<Wire>::expect_body() {
  Interim* const interim = exchange_->arena.make<Interim>(Interim{.status = 100});
  if (interim == nullptr) return;  // It sends it anyway, a moment later.
  exchange_->add_interim(*interim);
  on_interim(*exchange_);
}

template <typename Wire>
void MultiplexedStream<Wire>::on_interim(Exchange& /*exchange*/) {
  if (reset_) return;
  connection_.session().inform(id_);
  connection_.write_later();
}

template <typename Wire>
std::optional<http::InterimHead> MultiplexedStream<Wire>::next_interim() {
  const Interim* const interim = exchange_->take_interim();
  if (interim == nullptr) return std::nullopt;
  return http::InterimHead{.status = interim->status, .fields = interim->fields};
}

template <typename Wire>
std::uint64_t MultiplexedStream<Wire>::section_max() const {
  return connection_.session().section_max();
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
bool MultiplexedStream<Wire>::on_wrong_length() {
  RequestPath& path = connection_.shared().path;
  if (path.needs_body(*exchange_) && !exchange_->response.head_ready) return false;
  path.body_cut(*exchange_);
  return true;
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
  connection_.session().respond(id_, {.status = response.status,
                                      .fields = response.fields,
                                      .edge_fields = response.edge_fields(),
                                      .content_length = content.length,
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
  const Response& response = exchange_->response;
  if (responded_ && (!response.body.empty() || response.ended)) return Waiting::Window;
  if (!exchange_->request_ended && connection_.shared().path.wants_body(*exchange_)) {
    return Waiting::Body;
  }
  return Waiting::Nothing;
}

// When the client will have been too slow.
template <typename Wire>
MonotonicTime MultiplexedStream<Wire>::deadline(Waiting what) const {
  const config::HttpLimits& limits = connection_.shared().settings.http;
  if (what == Waiting::Window) return progress_ + limits.write_timeout;
  const MonotonicTime silent = progress_ + limits.body_timeout;
  if (exchange_->response.head_ready) return silent;
  return std::min(silent, pace_.deadline(exchange_->request_bytes, limits));
}

template <typename Wire>
void MultiplexedStream<Wire>::note_progress() {
  progress_ = connection_.shared().path.now();
  if (waiting() == Waiting::Body) {
    pace_.wait(progress_);
  } else {
    pace_.rest(progress_);
  }
  watch();
}

// The timer is armed once and looks at progress_ when it fires: not once for each piece of a body.
template <typename Wire>
void MultiplexedStream<Wire>::watch() {
  const Waiting what = waiting();
  if (what == Waiting::Nothing || armed()) return;
  connection_.shared().reactor.timers().arm(*this, deadline(what));
}

template <typename Wire>
void MultiplexedStream<Wire>::on_timer(MonotonicTime now) {
  const Waiting what = waiting();
  if (what == Waiting::Nothing) return;
  if (what == Waiting::Body) pace_.wait(now);  // It may have begun without a piece of it.
  if (now < deadline(what)) return watch();
  connection_.shared().counters.timeouts.add();
  if (what == Waiting::Window) return reset(Wire::kCancelled);
  refuse_body(response::Cause::BodyTimeout);
}

template class MultiplexedStream<Http2Wire>;
template class MultiplexedStream<Http3Wire>;

}  // namespace pear::data::protocol

#include "data/protocol/http2_stream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "data/copy_fields.h"
#include "data/protocol/http2_connection.h"
#include "data/protocol/shared.h"
#include "http/field_rules.h"
#include "http/method.h"
#include "http/status.h"

namespace pear::data::protocol {

using http2::ErrorCode;

namespace {

bool has_body(const Exchange& exchange) {
  return http::has_body(exchange.response.status, http::method_of(exchange.request.method));
}

}  // namespace

void Http2Stream::begin() {
  note_progress();
}

// ---- The request's body.

void Http2Stream::on_body(std::string_view bytes) {
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

void Http2Stream::on_request_room(Exchange& exchange) {
  if (owed_ == 0 || reset_ || !connection_.shared().path.wants_body(exchange)) return;
  connection_.session().consume(id_, std::exchange(owed_, 0));
  connection_.write_later();
  note_progress();
}

void Http2Stream::on_request_end(std::span<const http::Field> trailers) {
  const auto copies = copy_fields(exchange_->arena, trailers);
  if (!copies) return refuse_body(response::Cause::HeadTooLarge);
  exchange_->request_trailers = *copies;
  connection_.shared().path.body_end(*exchange_);
}

// Where the response has not begun the client is told; else its stream ends.
void Http2Stream::refuse_body(response::Cause cause) {
  if (responded_ || exchange_->response.head_ready) return reset(ErrorCode::Cancel);
  connection_.shared().path.refuse(*exchange_, cause);
}

void Http2Stream::on_malformed(const http::Refusal& /*refusal*/) {
  connection_.shared().counters.protocol_errors.add();
}

void Http2Stream::on_closed(ErrorCode /*error*/) {
  cancel();
  connection_.shared().path.close(*exchange_);
  connection_.on_stream_closed(*this);
}

void Http2Stream::reset(ErrorCode error) {
  if (std::exchange(reset_, true)) return;
  connection_.session().reset(id_, error);
  connection_.write_later();
}

// ---- The response.

void Http2Stream::on_response(Exchange& exchange) {
  if (reset_) return;
  const Response& response = exchange.response;
  if (!responded_) {
    if (!response.head_ready) return;
    respond();
  } else {
    connection_.session().resume(id_);
  }
  if (response.cut && response.body.empty()) return reset(ErrorCode::InternalError);
  connection_.write_later();
  note_progress();
}

// The guest's fields, with a length where it is known and the guest has not said it.
std::span<const http::Field> Http2Stream::response_fields(bool complete) {
  const Response& response = exchange_->response;
  if (const http::Field* const field = http::find_field(response.fields, "content-length")) {
    if (const auto length = http::parse_content_length(field->value)) {
      has_length_ = true;
      body_left_ = *length;
    }
    return response.fields;
  }
  if (!complete || !response.trailers.empty()) return response.fields;
  const auto fields = exchange_->arena.make_array<http::Field>(response.fields.size() + 1);
  std::array<char, 20> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), response.body.bytes()).ptr;
  const auto text = exchange_->arena.copy({digits.data(), end});
  if (!fields || !text) return response.fields;
  std::ranges::copy(response.fields, fields->begin());
  fields->back() = {.name = "content-length", .value = *text};
  return *fields;
}

void Http2Stream::respond() {
  const Response& response = exchange_->response;
  const bool may_have_body = has_body(*exchange_);
  const auto fields = response_fields(response.ended && may_have_body);
  if (!may_have_body) drop_body();
  const bool empty =
      !may_have_body || (response.ended && response.body.empty() && response.trailers.empty());
  responded_ = true;
  connection_.session().respond(id_, {.status = response.status,
                                      .fields = fields,
                                      .date = connection_.shared().date(),
                                      .has_body = !empty});
}

void Http2Stream::drop_body() {
  BodyQueue& body = exchange_->response.body;
  while (!body.empty()) connection_.shared().path.sent(*exchange_, body.pop());
}

Http2Stream::Ready Http2Stream::body_ready(std::size_t max) {
  const Response& response = exchange_->response;
  const std::uint64_t held = response.body.bytes();
  const std::uint64_t wanted = has_length_ ? std::min(held, body_left_) : held;
  // A body that is cut, or shorter than its length, must not look complete.
  const bool over = response.cut || (response.ended && has_length_ && held < body_left_);
  if (over && held == 0) {
    reset(ErrorCode::InternalError);
    return {};
  }
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, max));
  return {.bytes = bytes, .last = response.ended && !over && bytes == wanted};
}

void Http2Stream::take_body(std::span<char> out) {
  BodyQueue& body = exchange_->response.body;
  body_left_ -= std::min<std::uint64_t>(body_left_, out.size());
  while (!out.empty()) {
    const std::string_view view = body.front()->view();
    const std::size_t taken = std::min(view.size(), out.size());
    std::ranges::copy(view.substr(0, taken), out.begin());
    out = out.subspan(taken);
    body.read(taken);
    if (taken == view.size()) connection_.shared().path.sent(*exchange_, body.pop());
  }
  note_progress();
}

std::span<const http::Field> Http2Stream::trailers() {
  return exchange_->response.trailers;
}

// ---- Time.

Http2Stream::Waiting Http2Stream::waiting() const {
  if (reset_) return Waiting::Nothing;
  if (responded_ && !exchange_->response.body.empty()) return Waiting::Window;
  if (!exchange_->request_ended && connection_.shared().path.wants_body(*exchange_)) {
    return Waiting::Body;
  }
  return Waiting::Nothing;
}

std::chrono::milliseconds Http2Stream::patience(Waiting what) const {
  const config::HttpLimits& limits = connection_.shared().settings.http;
  return what == Waiting::Window ? limits.write_timeout : limits.body_timeout;
}

void Http2Stream::note_progress() {
  progress_ = connection_.shared().path.now();
  watch();
}

// The timer is armed once and looks at progress_ when it fires: not once for each piece of a body.
void Http2Stream::watch() {
  const Waiting what = waiting();
  if (what == Waiting::Nothing || armed()) return;
  connection_.shared().reactor.timers().arm(*this, progress_ + patience(what));
}

void Http2Stream::on_timer(MonotonicTime now) {
  const Waiting what = waiting();
  if (what == Waiting::Nothing) return;
  if (now < progress_ + patience(what)) return watch();
  connection_.shared().counters.timeouts.add();
  if (what == Waiting::Window) return reset(ErrorCode::Cancel);
  refuse_body(response::Cause::BodyTimeout);
}

}  // namespace pear::data::protocol

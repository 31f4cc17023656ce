#include "load/http1_client.h"

#include <limits>

#include "base/assert.h"

namespace pear::load {
namespace {

constexpr http::HeadLimits kHeadLimits{.header_max = 256 * 1024, .fields_max = 100};
// A load generator counts a body and forgets it: there is no size that it could not take.
constexpr http1::ChunkLimits kBodyLimits{.body_max = std::numeric_limits<std::int64_t>::max()};

constexpr std::uint16_t kSwitchingProtocols = 101;

}  // namespace

Http1Client::Http1Client() : parser_(kHeadLimits), fields_{} {}

std::string_view Http1Client::start(const PreparedRequest& request) {
  PEAR_ASSERT(state_ == State::Idle, "the answer before is not complete yet");
  state_ = State::Head;
  method_ = request.method;
  parser_.reset(method_);
  return request.bytes;
}

AnswerEvent Http1Client::receive(std::span<char> input) {
  switch (state_) {
    case State::Idle:
      // After a complete answer an empty rest is as it should be; anything else is not.
      return {.kind = input.empty() ? AnswerEvent::Kind::NeedMore : AnswerEvent::Kind::Broken};
    case State::Head:
      return receive_head(input);
    case State::Body:
      return receive_body(input);
  }
  PEAR_UNREACHABLE("a client has three states");
}

AnswerEvent Http1Client::receive_head(std::span<char> input) {
  std::size_t start = 0;
  while (true) {
    const std::span<char> rest = input.subspan(start);
    switch (parser_.parse(rest, fields_)) {
      case http1::Progress::NeedMore:
        return {.kind = AnswerEvent::Kind::NeedMore, .consumed = start};
      case http1::Progress::Refused:
        return {.kind = AnswerEvent::Kind::Broken};
      case http1::Progress::Done:
        break;
    }
    start += parser_.consumed();
    const http1::ReceivedHead& head = parser_.head();
    if (head.status >= 200 || head.status == kSwitchingProtocols) break;
    parser_.reset(method_);  // An interim answer: the final one follows.
  }
  const http1::ReceivedHead& head = parser_.head();
  status_ = head.status;
  // Nobody asked for another protocol, so what follows on the connection means nothing here.
  keep_alive_ = head.keep_alive && status_ != kSwitchingProtocols;
  if (head.framing == http::Framing::None ||
      (head.framing == http::Framing::Length && head.content_length == 0)) {
    return finish(start);
  }
  body_.emplace(head.framing, head.content_length, kBodyLimits);
  state_ = State::Body;
  AnswerEvent event = receive_body(input.subspan(start));
  event.consumed += start;
  return event;
}

AnswerEvent Http1Client::receive_body(std::span<char> input) {
  switch (body_->read(input, fields_)) {
    case http1::BodyReader::Event::NeedMore:
      return {.kind = AnswerEvent::Kind::NeedMore, .consumed = body_->consumed()};
    case http1::BodyReader::Event::Data:
      return {
          .kind = AnswerEvent::Kind::Body, .consumed = body_->consumed(), .body = body_->data()};
    case http1::BodyReader::Event::Done:
      return finish(body_->consumed());
    case http1::BodyReader::Event::Refused:
      return {.kind = AnswerEvent::Kind::Broken};
  }
  PEAR_UNREACHABLE("a body reader has four answers");
}

AnswerEvent Http1Client::receive_end() {
  if (state_ == State::Body && body_->ended_by_close()) {
    keep_alive_ = false;
    return finish(0);
  }
  return {.kind = AnswerEvent::Kind::Broken};
}

AnswerEvent Http1Client::finish(std::size_t consumed) {
  state_ = State::Idle;
  return {.kind = AnswerEvent::Kind::Done,
          .consumed = consumed,
          .status = status_,
          .reusable = keep_alive_};
}

}  // namespace pear::load

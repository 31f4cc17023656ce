#include "load/http1_client.h"

#include <limits>
#include <utility>

#include "base/assert.h"

namespace pear::load {
namespace {

constexpr http::HeadLimits kHeadLimits{.header_max = 256 * 1024, .fields_max = 100};
// A load generator counts a body and forgets it: there is no size that it could not take.
constexpr http1::ChunkLimits kBodyLimits{.body_max = std::numeric_limits<std::int64_t>::max()};

constexpr std::uint16_t kSwitchingProtocols = 101;

}  // namespace

Http1Client::Http1Client(http::RequestOwner& owner)
    : owner_(owner), parser_(kHeadLimits), fields_{} {}

bool Http1Client::request(http::RequestTag tag, const PreparedRequest& request) {
  if (!keep_alive_) return false;
  PEAR_ASSERT(state_ == State::Idle, "the answer before is not complete yet");
  state_ = State::Head;
  tag_ = tag;
  method_ = request.method;
  unsent_ = request.bytes;
  parser_.reset(method_);
  return true;
}

// Bytes come from the caller's buffer, unless some were held: then those come first.
ClientProtocol::Received Http1Client::receive(std::span<char> input) {
  if (held_.empty()) return receive_all(input);
  held_.append(input.data(), input.size());
  std::string joined = std::exchange(held_, {});
  return receive_all(joined);
}

ClientProtocol::Received Http1Client::receive_all(std::span<char> input) {
  Step step = Step::Done;
  while (step == Step::Done && state_ != State::Idle) {
    step = state_ == State::Head ? read_head(input) : read_body(input);
    // Bytes beyond the answer were not asked for: what comes next cannot be trusted.
    if (step == Step::Done && state_ == State::Idle) {
      if (!input.empty() || !unsent_.empty()) keep_alive_ = false;
      input = {};
      finish();
    }
  }
  if (step == Step::Broken || (state_ == State::Idle && !input.empty())) return Received::Broken;
  if (input.size() > kHeldMax) return Received::Broken;
  held_.assign(input.data(), input.size());
  return Received::GoesOn;
}

Http1Client::Step Http1Client::read_head(std::span<char>& rest) {
  while (true) {
    switch (parser_.parse(rest, fields_)) {
      case http1::Progress::NeedMore:
        return Step::NeedsMore;
      case http1::Progress::Refused:
        return Step::Broken;
      case http1::Progress::Done:
        break;
    }
    rest = rest.subspan(parser_.consumed());
    const http1::ReceivedHead& head = parser_.head();
    if (head.status >= 200 || head.status == kSwitchingProtocols) break;
    parser_.reset(method_);  // An interim answer: the final one follows.
  }
  const http1::ReceivedHead& head = parser_.head();
  status_ = head.status;
  // Nobody asked for another protocol, so what follows on the connection means nothing here.
  keep_alive_ = head.keep_alive && status_ != kSwitchingProtocols;
  const bool empty = head.framing == http::Framing::None ||
                     (head.framing == http::Framing::Length && head.content_length == 0);
  if (empty) {
    state_ = State::Idle;
    return Step::Done;
  }
  body_.emplace(head.framing, head.content_length, kBodyLimits);
  state_ = State::Body;
  return Step::Done;
}

Http1Client::Step Http1Client::read_body(std::span<char>& rest) {
  while (true) {
    const http1::BodyReader::Event event = body_->read(rest, fields_);
    rest = rest.subspan(body_->consumed());
    switch (event) {
      case http1::BodyReader::Event::NeedMore:
        return Step::NeedsMore;
      case http1::BodyReader::Event::Data:
        owner_.on_body(tag_, body_->data());
        continue;
      case http1::BodyReader::Event::Done:
        state_ = State::Idle;
        return Step::Done;
      case http1::BodyReader::Event::Refused:
        return Step::Broken;
    }
  }
}

void Http1Client::receive_end() {
  keep_alive_ = false;
  if (state_ != State::Body || !body_->ended_by_close()) return;
  state_ = State::Idle;
  finish();
}

void Http1Client::finish() {
  owner_.on_end(tag_, http::RequestEnd::Answered, status_);
}

}  // namespace pear::load

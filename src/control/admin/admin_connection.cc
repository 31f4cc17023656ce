#include "control/admin/admin_connection.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "io/socket.h"

namespace pear::admin {
namespace {

constexpr http::HeadLimits kHeadLimits{.request_line_max = 2'048,
                                       .header_max = AdminConnection::kHeadMax,
                                       .fields_max = AdminConnection::kFieldsMax};

}  // namespace

AdminConnection::AdminConnection(AdminServer& server, io::UniqueFd socket, Origin origin)
    : server_(server), socket_(std::move(socket)), origin_(origin), parser_(kHeadLimits) {}

AdminConnection::~AdminConnection() {
  server_.reactor_.remove(*this);
}

Result<void> AdminConnection::start() {
  arm(kRequestTimeout);
  return server_.reactor_.add(*this, socket_.get(), io::IoEvents::read_write(),
                              io::Reactor::Trigger::Edge);
}

void AdminConnection::arm(std::chrono::seconds timeout) {
  server_.reactor_.timers().arm(timeout_, server_.reactor_.now() + timeout);
}

void AdminConnection::on_timeout(MonotonicTime) {
  server_.bury(*this);
}

void AdminConnection::on_io(io::IoEvents) {
  // So many steps a turn; then the other connections have theirs.
  for (std::uint32_t i = 0; i < 4 * io::TurnBudget::kRequests; ++i) {
    switch (step()) {
      case Step::Again:
        break;
      case Step::Wait:
        return;
      case Step::Over:
        server_.bury(*this);
        return;
    }
  }
  server_.reactor_.run_again(*this, io::IoEvents::read_write());
}

// An answer goes out before the next request is looked at, so that a client that does not read its
// answers holds no more than one.
AdminConnection::Step AdminConnection::step() {
  if (output_sent_ < output_.size()) return write_out();
  if (closing_) return Step::Over;
  if (body_) return read_body();
  return parse_head();
}

AdminConnection::Step AdminConnection::write_out() {
  const std::span<const char> rest = std::span<const char>(output_).subspan(output_sent_);
  const io::Transfer sent = io::send(socket_.get(), rest);
  switch (sent.status) {
    case io::Transfer::Status::Done:
      output_sent_ += sent.bytes;
      arm(output_sent_ < output_.size() ? kWriteTimeout : kIdleTimeout);
      return Step::Again;
    case io::Transfer::Status::WouldBlock:
      return Step::Wait;
    case io::Transfer::Status::Ended:
    case io::Transfer::Status::Failed:
      return Step::Over;
  }
  PEAR_UNREACHABLE("all statuses are covered");
}

AdminConnection::Step AdminConnection::read_in() {
  PEAR_ASSERT(input_bytes_ < input_.size(), "the limits of head and body leave room");
  const io::Transfer read = io::receive(socket_.get(), std::span(input_).subspan(input_bytes_));
  switch (read.status) {
    case io::Transfer::Status::Done:
      // The first byte of a request starts its clock, further ones do not wind it up again.
      if (input_bytes_ == 0) arm(kRequestTimeout);
      input_bytes_ += read.bytes;
      return Step::Again;
    case io::Transfer::Status::WouldBlock:
      return Step::Wait;
    case io::Transfer::Status::Ended:
    case io::Transfer::Status::Failed:
      return Step::Over;
  }
  PEAR_UNREACHABLE("all statuses are covered");
}

AdminConnection::Step AdminConnection::parse_head() {
  if (input_bytes_ == 0) return read_in();
  switch (parser_.parse(std::span(input_).first(input_bytes_), fields_)) {
    case http1::Progress::NeedMore:
      return read_in();
    case http1::Progress::Refused:
      refuse_and_close(parser_.refusal());
      return Step::Again;
    case http1::Progress::Done:
      break;
  }
  const http::RequestHead& head = parser_.head();
  if (head.expect_continue) {
    refuse_and_close({.status = 417, .reason = "send the body without asking first"});
    return Step::Again;
  }
  body_.emplace(head.framing, head.content_length, http1::ChunkLimits{.body_max = kBodyMax});
  body_at_ = parser_.consumed();
  return Step::Again;
}

// What a body says is not looked at: no resource takes one.
AdminConnection::Step AdminConnection::read_body() {
  const auto unread = std::span(input_).first(input_bytes_).subspan(body_at_);
  const auto event = body_->read(unread, trailers_);
  body_at_ += body_->consumed();
  switch (event) {
    case http1::BodyReader::Event::NeedMore: {
      // The head stays where it is, the bytes of the body that were read make room.
      const std::size_t head_bytes = parser_.consumed();
      std::memmove(input_.data() + head_bytes, input_.data() + body_at_, input_bytes_ - body_at_);
      input_bytes_ -= body_at_ - head_bytes;
      body_at_ = head_bytes;
      return read_in();
    }
    case http1::BodyReader::Event::Data:
      return Step::Again;
    case http1::BodyReader::Event::Refused:
      refuse_and_close(body_->refusal());
      return Step::Again;
    case http1::BodyReader::Event::Done:
      answer_request();
      return Step::Again;
  }
  PEAR_UNREACHABLE("all events are covered");
}

void AdminConnection::answer_request() {
  const http::RequestHead& head = parser_.head();
  const std::optional<Answer> refusal = refuse(head, origin_, server_.host_);
  send(refusal ? *refusal : answer(head, server_.source_), head);

  body_.reset();
  parser_.reset();
  std::memmove(input_.data(), input_.data() + body_at_, input_bytes_ - body_at_);
  input_bytes_ -= body_at_;
}

void AdminConnection::refuse_and_close(const http::Refusal& refusal) {
  closing_ = true;
  std::string text(refusal.reason.view());
  text.push_back('\n');
  send({.status = refusal.status, .body = std::move(text)}, http::RequestHead{});
}

void AdminConnection::send(const Answer& answer, const http::RequestHead& head) {
  closing_ = closing_ || !head.keep_alive;
  std::vector<http::Field> fields{{"content-type", answer.content_type},
                                  {"cache-control", "no-store"},
                                  {"x-content-type-options", "nosniff"}};
  if (!answer.allow.empty()) fields.push_back({"allow", answer.allow});
  const http1::ResponseHead response{
      .status = answer.status,
      .fields = fields,
      .framing = http::Framing::Length,
      .content_length = answer.body.size(),
      .client = head.version,
      .persistence = closing_ ? http1::Persistence::Close : http1::Persistence::KeepAlive};
  std::array<char, 1024> text{};
  const Result<std::size_t> size = http1::write_response_head(response, text);
  PEAR_ASSERT(size && *size <= text.size(), "the fields of an answer are ours, and few");
  output_.assign(text.data(), *size);
  if (head.method != http::Method::Head) output_ += answer.body;
  output_sent_ = 0;
  arm(kWriteTimeout);
}

}  // namespace pear::admin

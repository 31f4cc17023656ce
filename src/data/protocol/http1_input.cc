// The reading half of Http1Connection: bytes to exchanges.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
#include "data/copy_fields.h"
#include "data/protocol/http1_connection.h"
#include "data/protocol/http1_connections.h"
#include "data/protocol/trace_context.h"
#include "http/field_rules.h"
#include "http/http1/serialiser.h"
#include "http/status.h"
#include "io/socket.h"

namespace pear::data::protocol {

using http1::ChunkParser;
using http1::Progress;
using io::Transfer;

bool Http1Connection::may_read() const {
  if (closed_ || kept_.size() + io::Reactor::kReadBufferBytes > owner_.joined_bytes_) return false;
  if (lingering_ || request_ == nullptr || request_->exchange == nullptr) return true;
  return !request_->body_read && owner_.parts_.path.wants_body(*request_->exchange);
}

void Http1Connection::read() {
  std::size_t budget = io::TurnBudget::kReadBytes;
  while (may_read()) {
    const std::span<char> buffer = owner_.parts_.reactor.read_buffer();
    const Transfer got = io::receive(socket_.get(), buffer);
    switch (got.status) {
      case Transfer::Status::Done:
        break;
      case Transfer::Status::WouldBlock:
        readable_ = false;
        return;
      case Transfer::Status::Ended:
        readable_ = false;
        return on_peer_ended();
      case Transfer::Status::Failed:
        return close();
    }
    take(buffer.first(got.bytes));
    if (closed_) return;
    // Less than there was room for: the socket is empty, and the next bytes come with an event.
    if (got.bytes < buffer.size() && !peer_closing_) {
      readable_ = false;
      return;
    }
    if (got.bytes >= budget) return owner_.parts_.reactor.run_again(*this, io::IoEvents::read());
    budget -= got.bytes;
  }
  // What waits in the socket while a response is on its way is not read, but a FIN is noticed.
  const bool answering = !closed_ && request_ != nullptr && request_->body_read;
  if (answering && peer_closing_ && !peer_ended_) on_peer_ended();
}

void Http1Connection::on_peer_ended() {
  if (lingering_ || request_ == nullptr || request_->exchange == nullptr) return close();
  if (!request_->body_read && kept_.empty()) return close();  // The rest of the body never comes.
  peer_ended_ = true;
  if (waiting_ != Waiting::Write) wait_for(Waiting::Gone);
}

void Http1Connection::resume() {
  if (closed_) return;
  const bool in_body = request_ != nullptr && request_->exchange != nullptr && !request_->body_read;
  if (in_body && waiting_ == Waiting::Nothing) wait_for(Waiting::Body);
  if (!kept_.empty()) take({});
  if (!closed_ && readable_) read();
}

void Http1Connection::take(std::span<char> input) {
  if (lingering_) return;
  if (!kept_.empty()) {
    // Parsers want their input in one piece.
    if (owner_.joined_ == nullptr) {
      owner_.joined_ = std::make_unique_for_overwrite<char[]>(owner_.joined_bytes_);
    }
    const std::size_t before = kept_.size();
    PEAR_ASSERT(before + input.size() <= owner_.joined_bytes_, "reading stops when input waits");
    static_cast<void>(kept_.peek({owner_.joined_.get(), before}));
    kept_.clear();
    std::ranges::copy(input, owner_.joined_.get() + before);
    input = {owner_.joined_.get(), before + input.size()};
  }
  while (!input.empty()) {
    const bool in_body = request_ != nullptr && request_->exchange != nullptr;
    const std::size_t used = in_body ? take_body(input) : take_head(input);
    if (closed_ || lingering_) return;
    if (used == 0) break;
    input = input.subspan(used);
  }
  kept_.append({input.data(), input.size()});
}

std::span<http::Field> Http1Connection::field_storage() {
  if (request_->field_storage == nullptr) {
    const bool small = owner_.head_limits_.fields_max * sizeof(http::Field) <=
                       io::Chunk::kSmallBlock - sizeof(io::Chunk);
    request_->field_storage =
        owner_.chunks_.take(small ? io::ChunkSize::Small : io::ChunkSize::Large);
  }
  const std::span<char> room = request_->field_storage->room();
  return {reinterpret_cast<http::Field*>(room.data()), room.size() / sizeof(http::Field)};
}

std::size_t Http1Connection::take_head(std::span<char> input) {
  if (request_ == nullptr) {
    request_ = owner_.requests_.create(owner_.head_limits_, owner_.chunk_limits_);
    if (request_ == nullptr) {
      close();
      return 0;
    }
  }
  switch (request_->head.parse(input, field_storage())) {
    case Progress::NeedMore:
      if (waiting_ != Waiting::Head) wait_for(Waiting::Head);
      return 0;
    case Progress::Refused:
      refuse(request_->head.refusal());
      return input.size();
    case Progress::Done: {
      const std::size_t used = request_->head.consumed();
      begin_exchange(input.first(used));
      return used;
    }
  }
  PEAR_UNREACHABLE("a progress without a step");
}

void Http1Connection::begin_exchange(std::span<char> head_bytes) {
  const http::RequestHead& head = request_->head.head();
  if (head.method == http::Method::Connect) {
    return refuse({.status = 501, .reason = "CONNECT is not supported"});
  }
  if (head.framing == http::Framing::Length &&
      head.content_length > owner_.parts_.settings.http.body_max.count) {
    return refuse({.status = 413, .reason = "the request's body is larger than http.body_max"});
  }
  Exchange* const exchange = owner_.parts_.path.open(*this, Protocol::Http11);
  if (exchange == nullptr) return refuse({.status = 503, .reason = "the server is at its limits"});
  ++requests_;
  request_->exchange = exchange;
  request_->method = head.method;
  request_->version = head.version;
  request_->keep_alive = head.keep_alive;
  request_->framing = head.framing;
  request_->body_left = head.content_length;
  request_->body_read = head.framing == http::Framing::None ||
                        (head.framing == http::Framing::Length && head.content_length == 0);
  exchange->request.has_body = !request_->body_read;
  exchange->request_ended = request_->body_read;
  if (!fill_request(*exchange, head, head_bytes)) {
    owner_.parts_.path.start_refused(*exchange, response::Cause::HeadTooLarge);
    return;
  }
  wait_for(request_->body_read ? Waiting::Nothing : Waiting::Body);
  if (head.expect_continue && !request_->body_read) {
    queue_text(http1::kContinue);
    if (!flush_unsent() && closed_) return;
  }
  owner_.parts_.path.start(*exchange);
}

bool Http1Connection::fill_request(Exchange& exchange, const http::RequestHead& head,
                                   std::span<const char> head_bytes) {
  const auto copy = exchange.arena.copy({head_bytes.data(), head_bytes.size()});
  const auto fields = exchange.arena.make_array<http::Field>(head.fields.size());
  if (!copy || !fields) return false;
  // Views into the input become views into the copy; literals of the parser stay what they are.
  const auto moved = [&](std::string_view view) -> std::string_view {
    const auto offset = static_cast<std::size_t>(view.data() - head_bytes.data());
    return offset < head_bytes.size() ? copy->substr(offset, view.size()) : view;
  };
  Request& request = exchange.request;
  request.method = moved(head.method_text);
  request.scheme = head.scheme.empty() ? std::string_view("http") : moved(head.scheme);
  request.authority = moved(head.authority);
  request.host = moved(head.host);
  request.path_with_query = moved(head.path_with_query);
  request.path = moved(head.path);
  std::size_t count = 0;
  for (const http::Field& field : head.fields) {
    if (field.name == "host" || field.name == "expect" || http::is_connection_specific(field)) {
      continue;
    }
    (*fields)[count] = {.name = moved(field.name), .value = moved(field.value)};
    if (field.name == "traceparent" && is_traceparent(field.value)) {
      request.traceparent = (*fields)[count].value;
    }
    ++count;
  }
  request.fields = fields->first(count);
  const auto ip = peer_.ip();
  std::uint64_t halves[2];
  std::memcpy(halves, ip.data(), sizeof halves);
  exchange.client_hash = halves[0] ^ halves[1];
  if (owner_.parts_.settings.log.access) {
    exchange.client = exchange.arena.copy(peer_.host()).value_or("");
  }
  return true;
}

std::size_t Http1Connection::take_body(std::span<char> input) {
  RequestPath& path = owner_.parts_.path;
  Exchange& exchange = *request_->exchange;
  if (request_->body_read) return 0;
  if (!path.wants_body(exchange)) {
    // The guest is slow, not the client.
    if (waiting_ == Waiting::Body) wait_for(Waiting::Nothing);
    return 0;
  }
  if (waiting_ == Waiting::Body || waiting_ == Waiting::Nothing) wait_for(Waiting::Body);
  if (request_->framing == http::Framing::Length) {
    const std::size_t taken = std::min<std::uint64_t>(request_->body_left, input.size());
    path.body(exchange, {input.data(), taken});
    request_->body_left -= taken;
    if (request_->body_left == 0) end_request_body();
    return taken;
  }
  switch (request_->chunks.parse(input, field_storage())) {
    case ChunkParser::Event::NeedMore:
      return request_->chunks.consumed();
    case ChunkParser::Event::Data:
      path.body(exchange, request_->chunks.data());
      return request_->chunks.consumed();
    case ChunkParser::Event::Done: {
      const auto trailers = copy_fields(exchange.arena, request_->chunks.trailers());
      if (!trailers) {
        refuse_body({.status = 431, .reason = "the trailers are too large"});
        return input.size();
      }
      exchange.request_trailers = *trailers;
      end_request_body();
      return request_->chunks.consumed();
    }
    case ChunkParser::Event::Refused:
      refuse_body(request_->chunks.refusal());
      return input.size();
  }
  PEAR_UNREACHABLE("an event of a chunk without a step");
}

void Http1Connection::end_request_body() {
  request_->body_read = true;
  if (waiting_ == Waiting::Body) wait_for(Waiting::Nothing);
  owner_.parts_.path.body_end(*request_->exchange);
}

// The body broke the framing, or did not come. Where the response has not begun the client is told;
// in any case the connection ends.
void Http1Connection::refuse_body(const http::Refusal& refusal) {
  owner_.parts_.counters.protocol_errors.add();
  const Exchange& exchange = *request_->exchange;
  request_->keep_alive = false;
  request_->body_read = true;
  if (request_->head_written || exchange.response.head_ready) return close();
  owner_.parts_.path.close(*std::exchange(request_->exchange, nullptr));
  refuse(refusal);
}

// A request that is not one: answered without an exchange.
void Http1Connection::refuse(const http::Refusal& refusal) {
  owner_.parts_.counters.protocol_errors.add();
  std::array<char, 160> body{};
  const auto text = fmt::format_to_n(body.data(), body.size(), "{} {}\n\n{}\n", refusal.status,
                                     http::reason_phrase(refusal.status), refusal.reason.view());
  const std::size_t size = std::min(text.size, body.size());
  const http::Field type{.name = "content-type", .value = "text/plain; charset=utf-8"};
  std::array<char, 512> head{};
  const auto written = http1::write_response_head({.status = refusal.status,
                                                   .fields = {&type, 1},
                                                   .framing = http::Framing::Length,
                                                   .content_length = size,
                                                   .persistence = http1::Persistence::Close,
                                                   .date = owner_.date()},
                                                  head);
  PEAR_ASSERT(written && *written <= head.size(), "Pear's own fields are valid and short");
  queue_text({head.data(), *written});
  queue_text({body.data(), size});
  if (owner_.parts_.settings.log.access) {
    const std::string client = peer_.host();
    owner_.parts_.logger.access(owner_.parts_.path.time().wall(), {.method = "-",
                                                                   .status = refusal.status,
                                                                   .bytes_out = size,
                                                                   .client = client,
                                                                   .protocol = "http/1.1"});
  }
  if (!flush_unsent() && closed_) return;
  linger();
}

}  // namespace pear::data::protocol

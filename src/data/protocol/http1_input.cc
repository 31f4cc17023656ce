// The reading half of Http1Connection: bytes to exchanges.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
#include "data/copy_fields.h"
#include "data/protocol/fill_request.h"
#include "data/protocol/http1_connection.h"
#include "data/protocol/http1_connections.h"
#include "data/protocol/http2_connections.h"
#include "http/http1/serialiser.h"
#include "http/http2/preface.h"
#include "http/status.h"

namespace pear::data::protocol {

using http1::ChunkParser;
using http1::Progress;
using io::Transfer;

namespace {

// The method that a head begins with, as far as it has come. Old clients send an empty line first
// (RFC 9112, section 2.2); some send more, or half of one.
http::Method method_in(std::string_view bytes) {
  bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
  return http::method_of(bytes.substr(0, bytes.find_first_of(" \n")));
}

// Whether what a connection begins with is meant as HTTP/1, however malformed. To anything else
// (TLS, a broken preface of HTTP/2) an answer in HTTP/1 says nothing.
bool is_http(std::string_view bytes) {
  bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
  return bytes.substr(0, bytes.find('\n')).contains(" HTTP/") ||
         method_in(bytes) != http::Method::Other;
}

}  // namespace

bool Http1Connection::may_read() const {
  if (closed_ || kept_.size() + io::Reactor::kReadBufferBytes > owner_.joined_bytes_) return false;
  if (lingering_ || request_ == nullptr || request_->exchange == nullptr) return true;
  return !request_->body_read && owner_.shared_.path.wants_body(*request_->exchange);
}

void Http1Connection::read() {
  std::size_t budget = io::TurnBudget::kReadBytes;
  while (may_read()) {
    const std::span<char> buffer = owner_.shared_.reactor.read_buffer();
    const Transfer got = stream_.receive(buffer);
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
    // The next bytes come with an event; a FIN that has come is yet to be read.
    if (got.drained && !peer_closing_) {
      readable_ = false;
      return;
    }
    if (got.bytes >= budget) return owner_.shared_.reactor.run_again(*this, io::IoEvents::read());
    budget -= got.bytes;
  }
}

// A client that sends no more may still read: it gets what it has asked for (RFC 9112,
// section 9.6). One that is gone shows that when it is written to.
void Http1Connection::on_peer_ended() {
  peer_ended_ = true;
  if (request_ != nullptr && request_->exchange != nullptr) {
    if (!request_->body_read && kept_.empty()) cut_request_body();
    return;
  }
  kept_.clear();  // The rest of a head never comes.
  if (all_sent()) leave();
}

// The rest of the body never comes.
void Http1Connection::cut_request_body() {
  RequestPath& path = owner_.shared_.path;
  Exchange& exchange = *request_->exchange;
  if (path.needs_body(exchange) && !exchange.response.head_ready) {
    return refuse_body({.status = 400, .reason = "the connection ended before the body did"});
  }
  request_->keep_alive = false;
  request_->body_read = true;
  if (waiting_ == Waiting::Body) wait_for(Waiting::Nothing);
  path.body_cut(exchange);
}

void Http1Connection::resume() {
  if (closed_) return;
  const bool in_body = request_ != nullptr && request_->exchange != nullptr && !request_->body_read;
  if (in_body && waiting_ == Waiting::Nothing) wait_for(Waiting::Body);
  if (!kept_.empty()) take({});
  const bool reads_body =
      !closed_ && request_ != nullptr && request_->exchange != nullptr && !request_->body_read;
  if (peer_ended_ && reads_body && kept_.empty()) return cut_request_body();
  if (!closed_ && readable_) read();
}

void Http1Connection::take(std::span<char> input) {
  if (lingering_) {
    if (waiting_ == Waiting::Linger) wait_for(Waiting::Linger);  // It is not silent.
    return;
  }
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
  const std::size_t fields_max = owner_.head_limits_.fields_max;
  if (fields_max * sizeof(http::Field) > io::Chunk::kLargeBlock - sizeof(io::Chunk)) {
    if (request_->many_fields == nullptr) {
      request_->many_fields = std::make_unique<http::Field[]>(fields_max);
    }
    return {request_->many_fields.get(), fields_max};
  }
  if (request_->field_storage == nullptr) {
    const bool small =
        fields_max * sizeof(http::Field) <= io::Chunk::kSmallBlock - sizeof(io::Chunk);
    request_->field_storage =
        owner_.shared_.chunks.take(small ? io::ChunkSize::Small : io::ChunkSize::Large);
  }
  const std::span<char> room = request_->field_storage->room();
  return {reinterpret_cast<http::Field*>(room.data()), room.size() / sizeof(http::Field)};
}

Http1Connection::Http2 Http1Connection::preface_in(std::span<const char> input) const {
  if (requests_ != 0 || request_ != nullptr || input.front() != 'P') return Http2::No;
  // By TLS it is asked for with ALPN.
  if (stream_.session() != nullptr || !owner_.shared_.settings.http2.enabled) return Http2::No;
  const std::string_view start(input.data(), std::min(input.size(), http2::kPreface.size()));
  if (!http2::kPreface.starts_with(start)) return Http2::No;
  return start.size() == http2::kPreface.size() ? Http2::Yes : Http2::Maybe;
}

// The socket changes hands; this object is over.
void Http1Connection::become_http2(std::span<const char> input) {
  owner_.shared_.reactor.remove(*this);
  Peer peer = std::move(peer_);
  io::tls::ByteStream stream = std::move(stream_);
  Http2Connections& http2 = owner_.http2_;
  close();
  http2.add(std::move(stream), std::move(peer), input);
}

std::size_t Http1Connection::take_head(std::span<char> input) {
  switch (preface_in(input)) {
    case Http2::No:
      break;
    case Http2::Maybe:
      return 0;
    case Http2::Yes:
      become_http2(input);
      return input.size();
  }
  if (request_ == nullptr) {
    request_ = owner_.requests_.create(owner_.head_limits_, owner_.chunk_limits_);
    if (request_ == nullptr) {
      close();
      return 0;
    }
  }
  const Progress progress = request_->head.parse(input, field_storage());
  if (progress != Progress::Done) request_->method = method_in({input.data(), input.size()});
  switch (progress) {
    case Progress::NeedMore:
      if (waiting_ != Waiting::Head) wait_for(Waiting::Head);
      return 0;
    case Progress::Refused:
      if (requests_ == 0 && !is_http({input.data(), input.size()})) {
        owner_.shared_.counters.protocol_errors.add();
        close();
      } else {
        refuse(request_->head.refusal());
      }
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
  request_->method = head.method;
  if (head.method == http::Method::Connect) {
    return refuse({.status = 501, .reason = "CONNECT is not supported"});
  }
  if (head.framing == http::Framing::Length &&
      head.content_length > owner_.shared_.settings.http.body_max.count) {
    return refuse({.status = 413, .reason = "the request's body is larger than http.body_max"});
  }
  Exchange* const exchange = owner_.shared_.path.open(*this, Protocol::Http11);
  if (exchange == nullptr) return refuse({.status = 503, .reason = "the server is at its limits"});
  ++requests_;
  request_->exchange = exchange;
  request_->version = head.version;
  request_->keep_alive = head.keep_alive;
  request_->framing = head.framing;
  request_->body_left = head.content_length;
  request_->body_read = head.framing == http::Framing::None ||
                        (head.framing == http::Framing::Length && head.content_length == 0);
  exchange->request.has_body = !request_->body_read;
  exchange->request_ended = request_->body_read;
  if (!fill_request(*exchange, head, head_bytes)) {
    owner_.shared_.path.start_refused(*exchange, response::Cause::HeadTooLarge);
    return;
  }
  if (!is_directed_here(origin(), head.host)) {
    owner_.shared_.path.start_refused(*exchange, response::Cause::Misdirected);
    return;
  }
  wait_for(request_->body_read ? Waiting::Nothing : Waiting::Body);
  if (head.expect_continue && !request_->body_read) {
    queue_text(http1::kContinue);
    if (!flush_unsent() && closed_) return;
  }
  owner_.shared_.path.start(*exchange);
}

Origin Http1Connection::origin() const {
  return {.shared = owner_.shared_, .tls = stream_.facts(), .peer = peer_.address};
}

bool Http1Connection::fill_request(Exchange& exchange, const http::RequestHead& head,
                                   std::span<const char> head_bytes) {
  const auto copy = exchange.arena.copy({head_bytes.data(), head_bytes.size()});
  if (!copy) return false;
  // Views into the input become views into the copy; literals of the parser stay what they are.
  const auto moved = [&](std::string_view view) -> std::string_view {
    const auto offset = static_cast<std::size_t>(view.data() - head_bytes.data());
    return offset < head_bytes.size() ? copy->substr(offset, view.size()) : view;
  };
  return protocol::fill_request(exchange, head, origin(), moved);
}

std::size_t Http1Connection::take_body(std::span<char> input) {
  RequestPath& path = owner_.shared_.path;
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
  owner_.shared_.path.body_end(*request_->exchange);
}

// The body broke the framing, or did not come. Where the response has not begun the client is told;
// in any case the connection ends.
void Http1Connection::refuse_body(const http::Refusal& refusal) {
  owner_.shared_.counters.protocol_errors.add();
  const Exchange& exchange = *request_->exchange;
  request_->keep_alive = false;
  request_->body_read = true;
  if (request_->head_written || exchange.response.head_ready) return close();
  owner_.shared_.path.close(*std::exchange(request_->exchange, nullptr));
  refuse(refusal);
}

// A request that is not one: answered without an exchange.
void Http1Connection::refuse(const http::Refusal& refusal) {
  owner_.shared_.counters.protocol_errors.add();
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
                                                   .date = owner_.shared_.date()},
                                                  head);
  PEAR_ASSERT(written && *written <= head.size(), "Pear's own fields are valid and short");
  queue_text({head.data(), *written});
  // Whatever is wrong with it, HEAD is answered without a body (RFC 9110, section 9.3.2).
  const bool bodiless = request_ != nullptr && request_->method == http::Method::Head;
  if (!bodiless) queue_text({body.data(), size});
  if (owner_.shared_.settings.log.access) {
    const net::IpAddress::Text client = peer_.address.ip_address().text();
    owner_.shared_.logger.access(owner_.shared_.path.time().wall(),
                                 {.method = "-",
                                  .status = refusal.status,
                                  .bytes_out = bodiless ? 0 : size,
                                  .client = client.view(),
                                  .protocol = "http/1.1"});
  }
  if (!flush_unsent() && closed_) return;
  linger();
}

}  // namespace pear::data::protocol

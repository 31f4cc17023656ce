// Single requests on an HTTP/3 connection.
#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "http/field_rules.h"
#include "http/http3/server_session.h"
#include "http/http3/stream.h"

namespace pear::http3 {

using http::HeadBuilder;

namespace {

constexpr std::uint64_t number_of(ErrorCode error) {
  return static_cast<std::uint64_t>(error);
}

}  // namespace

// ---- Requests.

ServerSession::Stream* ServerSession::open_stream(StreamId id) {
  Stream* const stream = shared_.streams.create(id);
  if (stream == nullptr) return nullptr;
  const auto place = std::ranges::upper_bound(streams_, id, {}, &Stream::id);
  streams_.insert(place, stream);
  return stream;
}

// What is sent later may come earlier. Those that were overtaken are as many as the client may have
// open, at most: each leaves with its head, its end or its reset.
bool ServerSession::note_begin(StreamId id) {
  if (id < next_stream_) return std::erase(overtaken_, id) != 0;
  for (; next_stream_ < id; next_stream_ += 4) overtaken_.push_back(next_stream_);
  next_stream_ = id + 4;
  return true;
}

void ServerSession::take_head(const Transport::Event& event) {
  const StreamId id = event.stream;
  const bool after_shutdown = go_away_ != 0 && id >= go_away_;
  Stream* const stream = after_shutdown ? nullptr : open_stream(id);
  if (stream == nullptr) {
    transport_->stop_sending(id, number_of(ErrorCode::RequestRejected));
    transport_->reset_stream(id, number_of(ErrorCode::RequestRejected));
    return;
  }
  HeadBuilder& builder = shared_.builder;
  builder.begin_head();
  transport_->for_each_field(
      [&](std::string_view name, std::string_view value) { builder.add(name, value); });
  stream->request_ended = !event.more;
  const auto body = event.more ? HeadBuilder::Body::Follows : HeadBuilder::Body::None;
  const auto head = builder.finish(http::Version::Http3, body);
  if (!head) {
    const http::Refusal refusal = head.error();
    const bool malformed = builder.fault() == HeadBuilder::Fault::Malformed;
    return malformed ? fail_request(*stream, refusal) : refuse_head(id, refusal);
  }
  if ((*head)->framing == http::Framing::Length) stream->body_left = (*head)->content_length;
  if (const auto newest = transport_->take_priority(id)) {
    stream->priority = *newest;  // It counts more than the field (RFC 9218, section 7).
  } else if (const auto* const field = http::find_field((*head)->fields, "priority")) {
    stream->priority = Transport::parse_priority(field->value).value_or(Transport::Priority());
  }
  StreamOwner* const owner = owner_.on_request(id, **head, body);
  if (owner == nullptr) return reset(id, ErrorCode::RequestRejected);
  stream->owner = owner;
}

// The client gets its answer, unless it makes a habit of it.
void ServerSession::refuse_head(StreamId id, const http::Refusal& refusal) {
  if ((refusal.status == 414 || refusal.status == 431) && !count(Offence::LargeHeads)) return;
  Stream* const stream = find(id);
  stream->discards = true;
  StreamOwner* const owner = owner_.on_refused(id, refusal);
  if (owner == nullptr) return reset(id, ErrorCode::RequestRejected);
  stream->owner = owner;
}

// RFC 9114, section 4.1.2: a malformed request is an error of its stream.
void ServerSession::fail_request(Stream& stream, const http::Refusal& refusal) {
  const bool told = stream.owner != nullptr && !stream.discards;
  stream.discards = true;
  owner_.on_offence(Offence::MalformedRequest);
  if (told) stream.owner->on_malformed(refusal);
  reset(stream.id, ErrorCode::MessageError);
  static_cast<void>(count(Offence::Resets));
}

// RFC 9114, section 4.1. The end of a stream that is closed here already comes, too.
void ServerSession::take_end_without_head(StreamId id) {
  if (!note_begin(id)) return;
  transport_->reset_stream(id, number_of(ErrorCode::RequestIncomplete));
  owner_.on_offence(Offence::MalformedRequest);
  static_cast<void>(count(Offence::Resets));
}

// Our side ends with the client's, or the stream would count as open for ever.
void ServerSession::take_reset_without_head(StreamId id) {
  if (!note_begin(id)) return;
  transport_->reset_stream(id, number_of(ErrorCode::RequestCancelled));
  static_cast<void>(count(Offence::Resets));
}

void ServerSession::take_trailers(Stream& stream) {
  if (stream.discards) return;
  HeadBuilder& builder = shared_.builder;
  builder.begin_trailers();
  transport_->for_each_field(
      [&](std::string_view name, std::string_view value) { builder.add(name, value); });
  const auto trailers = builder.finish_trailers();
  if (!trailers) return fail_request(stream, trailers.error());
  finish_request(stream, *trailers);
}

void ServerSession::finish_request(Stream& stream, std::span<const http::Field> trailers) {
  stream.request_ended = true;
  if (stream.discards) return;
  if (stream.body_left != Stream::kAnyLength && stream.body_left > 0) {
    if (stream.owner->on_wrong_length()) return;
    return fail_request(stream,
                        {.status = 400, .reason = "body is shorter than its Content-Length"});
  }
  stream.owner->on_request_end(trailers);
}

// As far as its reader has room.
void ServerSession::read_body(Stream& stream) {
  const std::size_t window = shared_.options.stream_window;
  while (stream.discards || stream.unconsumed < window) {
    const std::size_t room = stream.discards
                                 ? shared_.buffer.size()
                                 : std::min(shared_.buffer.size(), window - stream.unconsumed);
    const std::size_t bytes =
        transport_->read_body(stream.id, std::span(shared_.buffer).first(room));
    if (bytes == 0) {
      stream.readable = false;
      return;
    }
    if (stream.discards) continue;
    if (stream.body_left != Stream::kAnyLength) {
      if (bytes > stream.body_left) {
        if (stream.owner->on_wrong_length()) {
          stream.discards = true;
        } else {
          fail_request(stream, {.status = 400, .reason = "body is longer than its Content-Length"});
        }
        continue;
      }
      stream.body_left -= bytes;
    }
    stream.unconsumed += bytes;
    stream.owner->on_body({reinterpret_cast<const char*>(shared_.buffer.data()), bytes});
  }
}

// By the client, of its request or of our response.
void ServerSession::take_reset(Stream& stream, ErrorCode code) {
  const StreamId id = stream.id;
  transport_->reset_stream(id, number_of(ErrorCode::RequestCancelled));
  if (!stream.request_ended) {
    transport_->stop_sending(id, number_of(ErrorCode::RequestCancelled));
  }
  close(stream, code);
  static_cast<void>(count(Offence::Resets));
}

// One for a request that has not come is kept until it does.
void ServerSession::take_priority(StreamId id) {
  if (!count(Offence::Priorities)) return;
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  const auto priority = transport_->take_priority(id);
  if (!priority) return;
  stream->priority = *priority;
  transport_->set_priority(id, *priority);
}

void ServerSession::close(Stream& stream, ErrorCode error) {
  streams_.erase(std::ranges::lower_bound(streams_, stream.id, {}, &Stream::id));
  StreamOwner* const owner = stream.owner;
  shared_.streams.destroy(stream);
  if (owner != nullptr) owner->on_closed(error);
}

}  // namespace pear::http3

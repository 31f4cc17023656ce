// What nghttp2 made of a client's frames: requests, by the rules of HTTP.
#include <memory>
#include <utility>

#include "http/field_rules.h"
#include "http/http2/callbacks.h"
#include "http/http2/server_session.h"
#include "http/http2/session_memory.h"
#include "http/http2/stream.h"

namespace pear::http2 {

using http::HeadBuilder;

int ServerSession::Callbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame,
                                               void* user) {
  ServerSession& self = session_of(user);
  if (self.builder_ == nullptr) self.builder_ = self.memory_.take_builder(self.options_.head);
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    self.builder_->begin_trailers();
    return 0;
  }
  self.builder_->begin_head();
  void* const block = self.memory_.allocate(sizeof(Stream));
  if (block == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  auto* const stream = std::construct_at(static_cast<Stream*>(block), frame->hd.stream_id);
  self.streams_.push_back(*stream);
  ++self.streams_open_;
  return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
}

// NOLINTNEXTLINE(readability-function-size): the signature is the library's.
int ServerSession::Callbacks::on_header(nghttp2_session* /*session*/,
                                        const nghttp2_frame* /*frame*/, const std::uint8_t* name,
                                        std::size_t name_bytes, const std::uint8_t* value,
                                        std::size_t value_bytes, std::uint8_t /*flags*/,
                                        void* user) {
  session_of(user).builder_->add({reinterpret_cast<const char*>(name), name_bytes},
                                 {reinterpret_cast<const char*>(value), value_bytes});
  return 0;
}

// NOLINTNEXTLINE(readability-function-size): the signature is the library's.
int ServerSession::Callbacks::on_data(nghttp2_session* session, std::uint8_t /*flags*/,
                                      std::int32_t stream, const std::uint8_t* bytes,
                                      std::size_t count, void* user) {
  ServerSession& self = session_of(user);
  Stream* const found = self.find(stream);
  if (found == nullptr) return nghttp2_session_consume(session, stream, count);
  self.take_body(*found, {reinterpret_cast<const char*>(bytes), count});
  return 0;
}

int ServerSession::Callbacks::on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                                       void* user) {
  ServerSession& self = session_of(user);
  Stream* const stream = frame->hd.stream_id == 0 ? nullptr : self.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        self.finish_head(*stream, ended ? HeadBuilder::Body::None : HeadBuilder::Body::Follows);
      } else {
        self.finish_trailers(*stream, ended);
      }
      break;
    case NGHTTP2_DATA:
      // Nothing but padding. What has no bytes at all was counted by its head.
      if (!ended && frame->hd.length > 0 && frame->hd.length <= frame->data.padlen) {
        static_cast<void>(self.count(Offence::EmptyData));
      }
      if (ended) self.finish_body(*stream, {});
      break;
    case NGHTTP2_RST_STREAM:
      stream->reset_by_peer = true;
      break;
    default:
      break;
  }
  return 0;
}

// A stream that was refused, or an error that ends the connection: nghttp2 queues the GOAWAY
// itself.
int ServerSession::Callbacks::on_invalid_frame(nghttp2_session* /*session*/,
                                               const nghttp2_frame* frame, int error, void* user) {
  ServerSession& self = session_of(user);
  if (error != NGHTTP2_ERR_REFUSED_STREAM) {
    self.note_end();
    return 0;
  }
  // It was never open: more at a time than SETTINGS_MAX_CONCURRENT_STREAMS.
  self.closed_streams_.add(static_cast<std::uint32_t>(frame->hd.stream_id),
                           ClosedStreams::End::ResetHere);
  static_cast<void>(self.count(Offence::Resets));
  return 0;
}

int ServerSession::Callbacks::on_close(nghttp2_session* /*session*/, std::int32_t stream,
                                       std::uint32_t error, void* user) {
  ServerSession& self = session_of(user);
  if (Stream* const found = self.find(stream)) self.close(*found, static_cast<ErrorCode>(error));
  return 0;
}

void ServerSession::close(Stream& stream, ErrorCode error) {
  ClosedStreams::End end = ClosedStreams::End::Finished;
  if (stream.reset_by_peer) {
    end = ClosedStreams::End::ResetByPeer;
  } else if (stream.reset_here || error != ErrorCode::NoError) {
    end = ClosedStreams::End::ResetHere;
  }
  closed_streams_.add(static_cast<std::uint32_t>(stream.id), end);
  if (stream.unconsumed > 0) {
    static_cast<void>(nghttp2_session_consume_connection(session_, stream.unconsumed));
  }
  if (&stream == unfinished_) {
    stream.closed = error;  // Its fields are needed to the end of the section.
    return;
  }
  finish(stream, error);
}

void ServerSession::finish(Stream& stream, ErrorCode error) {
  StreamOwner* const owner = stream.owner;
  destroy(stream);
  if (owner != nullptr) owner->on_closed(error);
}

void ServerSession::finish_head(Stream& stream, HeadBuilder::Body body) {
  stream.request_ended = body == HeadBuilder::Body::None;
  const auto head = builder_->finish(http::Version::Http2, body);
  if (!head) {
    const http::Refusal refusal = head.error();
    const bool malformed = builder_->fault() == HeadBuilder::Fault::Malformed;
    memory_.give_back(std::move(builder_));
    return malformed ? fail_request(stream, refusal) : refuse_head(stream, refusal);
  }
  if ((*head)->framing == http::Framing::Length) stream.body_left = (*head)->content_length;
  // A PRIORITY_UPDATE that came before the request counts more (RFC 9218, section 7).
  if (has_default_priority(stream.id)) apply_priority(stream.id, (*head)->fields);
  stream.owner = owner_.on_request(stream.id, **head, body);
  memory_.give_back(std::move(builder_));
  if (stream.owner != nullptr) return send_sections(stream);  // It may have answered at once.
  stream.discards = true;
  reset(stream.id, ErrorCode::RefusedStream);
}

// The client gets its answer, unless it makes a habit of it.
void ServerSession::refuse_head(Stream& stream, const http::Refusal& refusal) {
  stream.discards = true;
  if (refusal.status == 414 || refusal.status == 431) {
    if (count(Offence::LargeHeads) == Verdict::Ended) return;
  }
  stream.owner = owner_.on_refused(stream.id, refusal);
  if (stream.owner == nullptr) return reset(stream.id, ErrorCode::RefusedStream);
  send_sections(stream);
}

// RFC 9113, section 8.1.1: a malformed request is an error of its stream.
void ServerSession::fail_request(Stream& stream, const http::Refusal& refusal) {
  const bool told = stream.owner != nullptr && !stream.discards;
  stream.discards = true;
  reset(stream.id, ErrorCode::ProtocolError);
  owner_.on_offence(Offence::MalformedRequest);
  if (told) stream.owner->on_malformed(refusal);
  static_cast<void>(count(Offence::Resets));
}

void ServerSession::finish_trailers(Stream& stream, bool ended) {
  const auto trailers = builder_->finish_trailers();
  if (stream.discards) {
    stream.request_ended = ended;
  } else if (!ended) {
    fail_request(stream, {.status = 400, .reason = "HEADERS in the middle of a body"});
  } else if (!trailers) {
    fail_request(stream, trailers.error());
  } else {
    finish_body(stream, *trailers);
  }
  memory_.give_back(std::move(builder_));
}

void ServerSession::take_body(Stream& stream, std::string_view bytes) {
  const bool too_long = stream.body_left != Stream::kAnyLength && bytes.size() > stream.body_left;
  if (stream.discards || too_long) {
    static_cast<void>(nghttp2_session_consume(session_, stream.id, bytes.size()));
    if (stream.discards) return;
    if (stream.owner->on_wrong_length()) {
      stream.discards = true;
      return;
    }
    return fail_request(stream,
                        {.status = 400, .reason = "body is longer than its Content-Length"});
  }
  if (stream.body_left != Stream::kAnyLength) stream.body_left -= bytes.size();
  stream.unconsumed += static_cast<std::uint32_t>(bytes.size());
  stream.owner->on_body(bytes);
}

void ServerSession::finish_body(Stream& stream, std::span<const http::Field> trailers) {
  stream.request_ended = true;
  if (stream.discards) return;
  if (stream.body_left != Stream::kAnyLength && stream.body_left > 0) {
    if (stream.owner->on_wrong_length()) return;
    return fail_request(stream,
                        {.status = 400, .reason = "body is shorter than its Content-Length"});
  }
  stream.owner->on_request_end(trailers);
}

void ServerSession::end_input() {
  for (auto next = streams_.begin(); next != streams_.end();) {
    Stream& stream = *next++;
    if (stream.request_ended || stream.closed) continue;
    stream.request_ended = true;
    const bool goes_on =
        stream.owner != nullptr && (stream.discards || stream.owner->on_wrong_length());
    stream.discards = true;
    if (!goes_on) reset(stream.id, ErrorCode::Cancel);
  }
}

bool ServerSession::has_default_priority(std::int32_t stream) const {
  nghttp2_extpri priority{};
  return nghttp2_session_get_extpri_stream_priority(session_, &priority, stream) == 0 &&
         priority.urgency == NGHTTP2_EXTPRI_DEFAULT_URGENCY && priority.inc == 0;
}

// RFC 9218: from a request, or from a response, which changes what it names (section 8).
void ServerSession::apply_priority(std::int32_t stream, std::span<const http::Field> fields) {
  const http::Field* const field = http::find_field(fields, "priority");
  if (field == nullptr) return;
  nghttp2_extpri priority{.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 0};
  if (nghttp2_session_get_extpri_stream_priority(session_, &priority, stream) != 0) return;
  const auto* const text = reinterpret_cast<const std::uint8_t*>(field->value.data());
  if (nghttp2_extpri_parse_priority(&priority, text, field->value.size()) != 0) return;
  static_cast<void>(nghttp2_session_change_extpri_stream_priority(session_, stream, &priority, 0));
}

}  // namespace pear::http2

// Responses on an HTTP/3 connection.
#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "http/field_lines.h"
#include "http/field_rules.h"
#include "http/http3/section.h"
#include "http/http3/server_session.h"
#include "http/http3/stream.h"

namespace pear::http3 {

using http::Field;

namespace {

// As much of a body as one call offers to the transport.
constexpr std::size_t kOfferMax = 1UL << 20U;

constexpr std::uint64_t number_of(ErrorCode error) {
  return static_cast<std::uint64_t>(error);
}

// Fields of the session itself, as text.
class OwnFields {
 public:
  explicit OwnFields(std::uint16_t status) { add(":status", to_text(status, status_)); }
  void add(std::string_view name, std::string_view value) {
    if (count_ < fields_.size()) fields_[count_++] = {.name = name, .value = value};
  }
  void add_number(std::string_view name, std::uint64_t value) {
    add(name, to_text(value, number_));
  }
  [[nodiscard]] std::span<const Field> view() const { return std::span(fields_).first(count_); }

 private:
  static std::string_view to_text(std::uint64_t value, std::span<char> out) {
    return {out.data(), std::to_chars(out.data(), out.data() + out.size(), value).ptr};
  }

  std::array<char, 20> status_{};
  std::array<char, 20> number_{};
  std::array<Field, 5> fields_;  // :status, content-length, date, two of the edge.
  std::size_t count_ = 0;
};

}  // namespace

void ServerSession::respond(StreamId id, const ResponseHead& head) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  stream->head = head;
  stream->responding = true;
  mark(*stream);
}

void ServerSession::inform(StreamId id) {
  if (Stream* const stream = find(id)) mark(*stream);
}

// As much of the response as there is and the client has room for.
void ServerSession::send(Stream& stream) {
  if (stream.resetting) {
    const ErrorCode code = stream.reset_code;
    transport_->reset_stream(stream.id, number_of(code));
    if (!stream.request_ended) transport_->stop_sending(stream.id, number_of(code));
    return close(stream, code);
  }
  Sent outcome = stream.section == nullptr ? Sent::Done : go_on_with_section(stream);
  while (outcome == Sent::Done && !stream.head_sent) {
    const auto interim = stream.owner == nullptr ? std::nullopt : stream.owner->next_interim();
    if (interim) {
      outcome = send_interim(stream, *interim);
    } else if (stream.responding) {
      outcome = send_head(stream);
    } else {
      return;
    }
  }
  if (outcome == Sent::Done) {
    if (!stream.head.has_body || stream.ending) return finish_response(stream);
    outcome = send_body(stream);
    if (outcome == Sent::Done) return;
  }
  if (outcome == Sent::Failed) take_reset(stream, ErrorCode::RequestCancelled);
}

Sent ServerSession::send_interim(Stream& stream, const http::InterimHead& interim) {
  const OwnFields own(interim.status);
  return send_fields(stream, own.view(), interim.fields, Transport::End::Follows);
}

Sent ServerSession::send_head(Stream& stream) {
  const ResponseHead& head = stream.head;
  OwnFields own(head.status);
  for (const Field& field : head.edge_fields) own.add(field.name, field.value);
  if (head.content_length) own.add_number("content-length", *head.content_length);
  if (!head.date.empty() && http::find_field(head.fields, "date") == nullptr) {
    own.add("date", head.date);
  }
  // What the guest says of it counts more (RFC 9218, section 8).
  if (const auto* const field = http::find_field(head.fields, "priority")) {
    stream.priority = Transport::parse_priority(field->value).value_or(stream.priority);
  }
  stream.head_sent = true;
  return send_fields(stream, own.view(), head.fields,
                     head.has_body ? Transport::End::Follows : Transport::End::Here);
}

// A head, or one before it: as a whole where the client has room for it, else in pieces. Blocked:
// it goes on by itself, and counts as sent.
Sent ServerSession::send_fields(Stream& stream, std::span<const Field> own,
                                std::span<const Field> fields, Transport::End end) {
  const auto room = transport_->room(stream.id, 1);
  if (!room) return Sent::Failed;
  if (stream.in_pieces || *room < Section::size_max(own, http::FieldPlace::Head, fields)) {
    if (!std::exchange(stream.in_pieces, true)) {
      transport_->set_priority(stream.id, stream.priority);
    }
    return begin_section(stream, std::make_unique<Section>(own, http::FieldPlace::Head, fields),
                         end);
  }
  auto& list = shared_.fields;
  list.assign(own.begin(), own.end());
  // Without those about the connection, which HTTP/3 does not have (RFC 9114, section 4.2), and
  // without a length, which the session says itself.
  std::ranges::copy_if(fields, std::back_inserter(list),
                       [](const Field& field) { return !http::is_framing_field(field); });
  return transport_->send_head(
      stream.id, {.fields = list,
                  .order = std::exchange(stream.informed, true) ? Transport::Order::Later
                                                                : Transport::Order::First,
                  .end = end,
                  .priority = stream.priority});
}

Sent ServerSession::begin_section(Stream& stream, std::unique_ptr<Section> section,
                                  Transport::End end) {
  stream.section = std::move(section);
  stream.section_end = end;
  return go_on_with_section(stream);
}

Sent ServerSession::go_on_with_section(Stream& stream) {
  Section& section = *stream.section;
  while (!section.done()) {
    const auto room = transport_->room(stream.id, 1);
    if (!room) return Sent::Failed;
    if (*room == 0) return Sent::Blocked;
    const auto out = std::span(shared_.buffer).first(std::min(*room, shared_.buffer.size()));
    char* const text = reinterpret_cast<char*>(out.data());
    const std::size_t bytes = section.write({text, out.size()});
    const auto end = section.done() ? stream.section_end : Transport::End::Follows;
    if (!transport_->write(stream.id, {text, bytes}, end)) return Sent::Failed;
    if (stream.owner != nullptr) stream.owner->on_head_progress();
  }
  stream.section.reset();
  return Sent::Done;
}

// Done: there is nothing more to send now, or the stream is closed.
Sent ServerSession::send_body(Stream& stream) {
  for (;;) {
    const StreamOwner::Ready ready = stream.owner->body_ready(kOfferMax);
    if (stream.resetting) return Sent::Done;
    if (ready.bytes == 0) {
      if (!ready.last) return Sent::Done;
      return send_end(stream);
    }
    const std::string_view piece = stream.owner->body_front().substr(0, ready.bytes);
    const bool ends = ready.last && piece.size() == ready.bytes && stream.owner->trailers().empty();
    const auto taken =
        send_piece(stream, piece, ends ? Transport::End::Here : Transport::End::Follows);
    if (taken.bytes > 0) stream.owner->drop_body(taken.bytes);
    if (taken.outcome != Sent::Done) return taken.outcome;
    if (ends) {
      finish_response(stream);
      return Sent::Done;
    }
  }
}

// A DATA frame (RFC 9114, section 7.2.1), or the end alone.
Transport::SentBody ServerSession::send_piece(Stream& stream, std::string_view piece,
                                              Transport::End end) {
  if (!stream.in_pieces) return transport_->send_body(stream.id, piece, end);
  std::string_view sent = piece;
  if (!piece.empty()) {
    const auto room = transport_->room(stream.id, kFrameHeadBytesMax + 1);
    if (!room) return {.outcome = Sent::Failed};
    if (*room == 0) return {.outcome = Sent::Blocked};
    sent = piece.substr(0, *room - kFrameHeadBytesMax);
    std::array<char, kFrameHeadBytesMax> head{};
    const std::size_t head_bytes = write_frame_head(FrameType::Data, sent.size(), head);
    if (!transport_->write(stream.id, {head.data(), head_bytes}, Transport::End::Follows)) {
      return {.outcome = Sent::Failed};
    }
  }
  const bool whole = sent.size() == piece.size();
  if (!transport_->write(stream.id, sent, whole ? end : Transport::End::Follows)) {
    return {.outcome = Sent::Failed};
  }
  if (!whole) static_cast<void>(transport_->room(stream.id, kFrameHeadBytesMax + 1));
  return {.outcome = whole ? Sent::Done : Sent::Blocked, .bytes = sent.size()};
}

Sent ServerSession::send_end(Stream& stream) {
  const std::span<const Field> trailers = stream.owner->trailers();
  Sent outcome = Sent::Done;
  if (http::field_lines_size(http::FieldCoding::Qpack, http::FieldPlace::Trailers, trailers) == 0) {
    outcome = send_piece(stream, {}, Transport::End::Here).outcome;
  } else {
    outcome = send_trailers(stream, trailers);
  }
  if (outcome == Sent::Done) finish_response(stream);
  return outcome;
}

// As send_fields().
Sent ServerSession::send_trailers(Stream& stream, std::span<const Field> trailers) {
  const auto room = transport_->room(stream.id, 1);
  if (!room) return Sent::Failed;
  if (stream.in_pieces || *room < Section::size_max({}, http::FieldPlace::Trailers, trailers)) {
    stream.ending = true;
    return begin_section(
        stream,
        std::make_unique<Section>(std::span<const Field>(), http::FieldPlace::Trailers, trailers),
        Transport::End::Here);
  }
  auto& list = shared_.fields;
  list.clear();
  std::ranges::copy_if(trailers, std::back_inserter(list), [](const Field& field) {
    return !http::is_forbidden_in_trailers(field.name);
  });
  return transport_->send_trailers(stream.id, list);
}

// The rest of the request is not wanted (RFC 9114, section 4.1).
void ServerSession::finish_response(Stream& stream) {
  if (!stream.request_ended) {
    transport_->stop_sending(stream.id, number_of(ErrorCode::NoError));
  }
  close(stream, ErrorCode::NoError);
}

}  // namespace pear::http3

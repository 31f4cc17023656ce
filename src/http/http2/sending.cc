// Responses, and all else that nghttp2 has to send.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/assert.h"
#include "http/field_lines.h"
#include "http/field_rules.h"
#include "http/http2/callbacks.h"
#include "http/http2/server_session.h"
#include "http/http2/session_memory.h"
#include "http/http2/stream.h"

namespace pear::http2 {
namespace {

constexpr std::size_t kFrameHeadBytes = 9;
// A body's frame smaller than this, only because the rest of the output is, is not worth its head.
constexpr std::size_t kBodyBytesWorth = 1024;

constexpr std::size_t kFlagsAt = 4;

// In the head of a frame.
void clear_end_of_headers(char* frame) {
  const unsigned flags = static_cast<unsigned char>(frame[kFlagsAt]);
  frame[kFlagsAt] = static_cast<char>(flags & ~unsigned{NGHTTP2_FLAG_END_HEADERS});
}

enum class Lifetime : std::uint8_t {
  OfStream,  // The bytes stay until on_closed(): nghttp2 need not copy them.
  OfCall,
};

nghttp2_nv make_nv(std::string_view name, std::string_view value, unsigned flags) {
  // nghttp2 does not write to them; its structure is older than const.
  auto* const name_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* const value_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  return {.name = name_bytes,
          .value = value_bytes,
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = static_cast<std::uint8_t>(flags)};
}

// The fields of one HEADERS frame, as nghttp2 wants them. Its array is a block of SessionMemory.
class FieldList {
 public:
  FieldList(SessionMemory& memory, std::size_t fields_max)
      : memory_(memory),
        list_(static_cast<nghttp2_nv*>(memory.allocate(fields_max * sizeof(nghttp2_nv)))),
        room_(list_ == nullptr ? 0 : fields_max) {}
  ~FieldList() { memory_.release(list_); }
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;
  FieldList(FieldList&&) = delete;
  FieldList& operator=(FieldList&&) = delete;

  void add(std::string_view name, std::string_view value, Lifetime lifetime) {
    if (count_ == room_) return;
    // A name that nghttp2 copies it also makes lower case.
    const bool name_stays = lifetime == Lifetime::OfStream && http::is_lower_token(name);
    unsigned flags = NGHTTP2_NV_FLAG_NONE;
    if (name_stays) flags |= NGHTTP2_NV_FLAG_NO_COPY_NAME;
    if (lifetime == Lifetime::OfStream) flags |= NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    std::construct_at(&list_[count_++], make_nv(name, value, flags));
  }
  // Without those about the connection, which HTTP/2 does not have (RFC 9113, section 8.2.2).
  void add_head(std::span<const http::Field> fields, Lifetime lifetime) {
    for (const http::Field& field : fields) {
      if (!http::is_framing_field(field)) add(field.name, field.value, lifetime);
    }
  }
  void add_trailers(std::span<const http::Field> fields, Lifetime lifetime) {
    for (const http::Field& field : fields) {
      if (!http::is_forbidden_in_trailers(field.name)) add(field.name, field.value, lifetime);
    }
  }
  void add_number(std::string_view name, std::uint64_t value) {
    const char* const end =
        std::to_chars(number_.data(), number_.data() + number_.size(), value).ptr;
    add(name, {number_.data(), end}, Lifetime::OfCall);
  }
  void add_status(std::uint16_t status) {
    const std::array<char, 3> digits{static_cast<char>('0' + status / 100 % 10),
                                     static_cast<char>('0' + status / 10 % 10),
                                     static_cast<char>('0' + status % 10)};
    status_ = digits;
    if (count_ == room_) return;
    std::construct_at(&list_[count_++], make_nv(":status", {status_.data(), status_.size()},
                                                NGHTTP2_NV_FLAG_NO_COPY_NAME));
  }

  // False: there was no memory.
  [[nodiscard]] bool complete() const { return room_ > 0; }
  [[nodiscard]] const nghttp2_nv* data() const { return list_; }
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  SessionMemory& memory_;
  nghttp2_nv* list_;  // Owned.
  std::size_t room_;
  std::size_t count_ = 0;
  std::array<char, 3> status_{};
  std::array<char, 20> number_{};
};

// nghttp2 makes a field section as a whole, in memory of its size, and none of more than 64 KiB. So
// it gets what fits in one frame for certain; the rest is write_rest()'s.
constexpr std::size_t kSectionBytesMax = 12UL * 1024;

// How many of the fields nghttp2 gets.
std::size_t first_fields(std::span<const http::Field> fields) {
  constexpr std::size_t kCostMax = 12;  // Of two lengths, at most.
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; count < fields.size(); ++count) {
    bytes += fields[count].name.size() + fields[count].value.size() + kCostMax;
    if (bytes > kSectionBytesMax) break;
  }
  return count;
}

}  // namespace

void ServerSession::respond(std::int32_t stream, const ResponseHead& head) {
  Stream* const found = find(stream);
  if (found == nullptr) return;
  found->head = head;
  found->responding = true;
  send_sections(*found);
}

void ServerSession::inform(std::int32_t stream) {
  if (Stream* const found = find(stream)) send_sections(*found);
}

std::uint64_t ServerSession::section_max() const {
  const std::uint32_t max =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
  return max == UINT32_MAX ? UINT64_MAX : max;
}

// One after the other: the rest of each must follow it at once.
void ServerSession::send_sections(Stream& stream) {
  if (!stream.section_is_out || stream.responded || stream.owner == nullptr) return;
  bool submitted = true;
  if (const auto interim = stream.owner->next_interim()) {
    submitted = submit(stream, *interim);
  } else if (stream.responding) {
    stream.responded = true;
    submitted = submit(stream, stream.head);
  } else {
    return;
  }
  stream.section_is_out = false;
  if (!submitted) reset(stream.id, ErrorCode::InternalError);
}

bool ServerSession::submit(Stream& stream, const http::InterimHead& head) {
  const std::size_t first = first_fields(head.fields);
  FieldList list(memory_, first + 1);
  list.add_status(head.status);
  list.add_head(head.fields.first(first), Lifetime::OfStream);
  stream.rest = head.fields.subspan(first);
  return list.complete() && nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr,
                                                   list.data(), list.size(), nullptr) == 0;
}

bool ServerSession::submit(Stream& stream, const ResponseHead& head) {
  constexpr std::size_t kOwnFields = 3;
  const std::size_t first = first_fields(head.fields);
  FieldList list(memory_, first + head.edge_fields.size() + kOwnFields);
  list.add_status(head.status);
  list.add_head(head.fields.first(first), Lifetime::OfStream);
  list.add_head(head.edge_fields, Lifetime::OfStream);
  if (head.content_length) list.add_number("content-length", *head.content_length);
  if (!head.date.empty() && http::find_field(head.fields, "date") == nullptr) {
    list.add("date", head.date, Lifetime::OfCall);
  }
  stream.rest = head.fields.subspan(first);
  apply_priority(stream.id, head.fields);
  const nghttp2_data_provider2 body{.source = {.ptr = nullptr},
                                    .read_callback = Callbacks::on_read_body};
  return list.complete() && nghttp2_submit_response2(session_, stream.id, list.data(), list.size(),
                                                     head.has_body ? &body : nullptr) == 0;
}

bool ServerSession::wants_write() const {
  return !broken_ && (unfinished_ != nullptr || nghttp2_session_want_write(session_) != 0);
}

std::size_t ServerSession::write(std::span<char> out) {
  PEAR_ASSERT(out.size() >= kWriteBytesMin, "the largest frame must fit");
  if (broken_) return 0;
  out_ = out;
  while (out_.size() >= kWriteBytesMin) {
    if (unfinished_ != nullptr) {
      write_rest();
      continue;
    }
    const std::uint8_t* frame = nullptr;
    const nghttp2_ssize bytes = nghttp2_session_mem_send2(session_, &frame);
    if (bytes < 0) broken_ = ended_ = true;  // No memory for a frame, not even for a GOAWAY.
    if (bytes <= 0) break;
    const std::size_t size = static_cast<std::size_t>(bytes);
    char* const start = out_.data();
    append(frame, size);
    if (unfinished_ != nullptr) clear_end_of_headers(start);
  }
  const std::size_t written = out.size() - out_.size();
  out_ = {};
  return written;
}

void ServerSession::append(const void* bytes, std::size_t count) {
  PEAR_ASSERT(count <= out_.size(), "a frame is larger than kWriteBytesMin");
  std::memcpy(out_.data(), bytes, count);
  out_ = out_.subspan(count);
}

// What nghttp2 has of a field section comes next, in one frame. It tells of its end, and of the
// stream's, before it gives the bytes.
int ServerSession::Callbacks::on_before_send(nghttp2_session* /*session*/,
                                             const nghttp2_frame* frame, void* user) {
  ServerSession& self = session_of(user);
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Stream* const stream = self.find(frame->hd.stream_id);
  if (stream == nullptr || stream->rest.empty()) return 0;
  stream->rest_at = {};
  self.unfinished_ = stream;
  return 0;
}

// The next piece of a field section, in a CONTINUATION frame (RFC 9113, section 6.10). Nothing else
// may come before its end, so that a stream that closes meanwhile stays until then.
void ServerSession::write_rest() {
  constexpr std::size_t kPayloadMax = 16'384;  // What every client takes.
  Stream& stream = *unfinished_;
  const std::size_t bytes =
      http::write_field_lines(http::FieldCoding::Hpack, stream.rest_place, stream.rest,
                              stream.rest_at, out_.subspan(kFrameHeadBytes, kPayloadMax));
  const unsigned flags = stream.rest_at.done ? NGHTTP2_FLAG_END_HEADERS : NGHTTP2_FLAG_NONE;
  const auto id = static_cast<std::uint32_t>(stream.id);
  const std::array<std::size_t, kFrameHeadBytes> head{
      bytes >> 16U, bytes >> 8U, bytes, NGHTTP2_CONTINUATION, flags, id >> 24U,
      id >> 16U,    id >> 8U,    id};
  std::ranges::transform(head, out_.begin(),
                         [](std::size_t byte) { return static_cast<char>(byte & 0xffU); });
  out_ = out_.subspan(kFrameHeadBytes + bytes);
  if (!stream.rest_at.done) return stream.owner->on_head_progress();
  unfinished_ = nullptr;
  stream.rest = {};
  if (stream.closed) return finish(stream, *stream.closed);
  stream.section_is_out = true;
  send_sections(stream);
}

// How much of a body goes into the next frame: as much as there is, the client has room for, and
// the output has room for.
// NOLINTNEXTLINE(readability-function-size): the signature is the library's.
nghttp2_ssize ServerSession::Callbacks::on_read_body(nghttp2_session* session, std::int32_t stream,
                                                     std::uint8_t* /*buffer*/,
                                                     std::size_t bytes_max, std::uint32_t* flags,
                                                     nghttp2_data_source* /*source*/, void* user) {
  ServerSession& self = session_of(user);
  Stream* const found = self.find(stream);
  if (found == nullptr || found->owner == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (self.out_.size() < kFrameHeadBytes + kBodyBytesWorth) return NGHTTP2_ERR_PAUSE;
  const std::size_t max = std::min(bytes_max, self.out_.size() - kFrameHeadBytes);
  const StreamOwner::Ready ready = found->owner->body_ready(max);
  PEAR_ASSERT(ready.bytes <= max, "more of a body was offered than was asked for");
  if (ready.bytes == 0 && !ready.last) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!ready.last) return static_cast<nghttp2_ssize>(ready.bytes);

  *flags |= NGHTTP2_DATA_FLAG_EOF;
  const std::span<const http::Field> trailers = found->owner->trailers();
  if (!trailers.empty()) {
    const std::size_t first = first_fields(trailers);
    FieldList list(self.memory_, first + 1);
    list.add_trailers(trailers.first(first), Lifetime::OfStream);
    found->rest = trailers.subspan(first);
    found->rest_place = http::FieldPlace::Trailers;
    if ((list.size() > 0 || !found->rest.empty()) &&
        nghttp2_submit_trailer(session, stream, list.data(), list.size()) == 0) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    }
  }
  return static_cast<nghttp2_ssize>(ready.bytes);
}

// NOLINTNEXTLINE(readability-function-size): the signature is the library's.
int ServerSession::Callbacks::on_send_body(nghttp2_session* /*session*/, nghttp2_frame* frame,
                                           const std::uint8_t* head, std::size_t bytes,
                                           nghttp2_data_source* /*source*/, void* user) {
  ServerSession& self = session_of(user);
  if (self.out_.size() < kFrameHeadBytes + bytes) return NGHTTP2_ERR_WOULDBLOCK;
  Stream* const stream = self.find(frame->hd.stream_id);
  if (stream == nullptr || stream->owner == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  self.append(head, kFrameHeadBytes);
  for (std::size_t left = bytes; left > 0;) {
    const std::string_view front = stream->owner->body_front().substr(0, left);
    self.append(front.data(), front.size());
    left -= front.size();
    stream->owner->drop_body(front.size());
  }
  return 0;
}

int ServerSession::Callbacks::on_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                                      void* user) {
  ServerSession& self = session_of(user);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      if (Stream* const stream = self.find(frame->hd.stream_id);
          stream != nullptr && stream != self.unfinished_) {
        stream->section_is_out = true;
        self.send_sections(*stream);
      }
      [[fallthrough]];
    case NGHTTP2_DATA:
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        self.after_end_of_response(frame->hd.stream_id);
      }
      break;
    case NGHTTP2_RST_STREAM:
      if (Stream* const stream = self.find(frame->hd.stream_id)) stream->reset_here = true;
      break;
    case NGHTTP2_GOAWAY:
      if (frame->goaway.error_code != NGHTTP2_NO_ERROR) self.note_end();
      break;
    default:
      break;
  }
  return 0;
}

// The rest of the request is not wanted (RFC 9113, section 8.1).
void ServerSession::after_end_of_response(std::int32_t stream) {
  Stream* const found = find(stream);
  if (found == nullptr || found->request_ended) return;
  found->discards = true;
  reset(stream, ErrorCode::NoError);
}

}  // namespace pear::http2

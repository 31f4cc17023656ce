// Responses, and all else that nghttp2 has to send.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/assert.h"
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
};

}  // namespace

void ServerSession::respond(std::int32_t stream, const ResponseHead& head) {
  if (find(stream) == nullptr) return;
  FieldList list(memory_, head.fields.size() + 3);
  if (!list.complete()) return reset(stream, ErrorCode::InternalError);
  list.add_status(head.status);
  list.add_head(head.fields, Lifetime::OfStream);
  if (!head.content_length.empty()) {
    list.add("content-length", head.content_length, Lifetime::OfStream);
  }
  if (!head.date.empty() && http::find_field(head.fields, "date") == nullptr) {
    list.add("date", head.date, Lifetime::OfCall);
  }
  apply_priority(stream, head.fields);
  const nghttp2_data_provider2 body{.source = {.ptr = nullptr},
                                    .read_callback = Callbacks::on_read_body};
  const int error = nghttp2_submit_response2(session_, stream, list.data(), list.size(),
                                             head.has_body ? &body : nullptr);
  if (error != 0) reset(stream, ErrorCode::InternalError);
}

void ServerSession::inform(std::int32_t stream, std::uint16_t status,
                           std::span<const http::Field> fields) {
  if (find(stream) == nullptr) return;
  FieldList list(memory_, fields.size() + 1);
  if (!list.complete()) return;
  list.add_status(status);
  list.add_head(fields, Lifetime::OfCall);
  // Best effort: the final response does not depend on it.
  static_cast<void>(nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr,
                                           list.data(), list.size(), nullptr));
}

bool ServerSession::wants_write() const {
  return !broken_ && nghttp2_session_want_write(session_) != 0;
}

std::size_t ServerSession::write(std::span<char> out) {
  PEAR_ASSERT(out.size() >= kWriteBytesMin, "the largest frame must fit");
  if (broken_) return 0;
  out_ = out;
  while (out_.size() >= kWriteBytesMin) {
    const std::uint8_t* frame = nullptr;
    const nghttp2_ssize bytes = nghttp2_session_mem_send2(session_, &frame);
    if (bytes < 0) broken_ = ended_ = true;  // No memory for a frame, not even for a GOAWAY.
    if (bytes <= 0) break;
    append(frame, static_cast<std::size_t>(bytes));
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
    FieldList list(self.memory_, trailers.size());
    list.add_trailers(trailers, Lifetime::OfCall);
    if (list.size() > 0 && nghttp2_submit_trailer(session, stream, list.data(), list.size()) == 0) {
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
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
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

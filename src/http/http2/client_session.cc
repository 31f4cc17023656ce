#include "http/http2/client_session.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <nghttp2/nghttp2.h>

#include "base/assert.h"

namespace pear::http2 {
namespace {

// Fields of a request; more than any has.
constexpr std::size_t kFieldsMax = 128;

nghttp2_nv to_nghttp2(const http::Field& field) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {.name = bytes(field.name),
          .value = bytes(field.value),
          .namelen = field.name.size(),
          .valuelen = field.value.size(),
          .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

// Three digits, as nghttp2 has checked.
std::uint16_t status_of(std::string_view digits) {
  std::uint16_t status = 0;
  for (const char digit : digits.substr(0, 3)) {
    status = static_cast<std::uint16_t>(status * 10 + (digit - '0'));
  }
  return status;
}

}  // namespace

// ---- What nghttp2 calls.

struct ClientSession::Callbacks {
  static ClientSession& self(void* user) { return *static_cast<ClientSession*>(user); }
  // Null: nobody waits for it any more.
  static Stream* find(nghttp2_session* session, std::int32_t id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  // NOLINTNEXTLINE(readability-function-size): the signature is the library's.
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_bytes, const std::uint8_t* value,
                       std::size_t value_bytes, std::uint8_t /*flags*/, void* /*user*/) {
    constexpr std::string_view kStatus = ":status";
    if (std::string_view(reinterpret_cast<const char*>(name), name_bytes) != kStatus) return 0;
    if (Stream* const stream = find(session, frame->hd.stream_id)) {
      stream->status = status_of({reinterpret_cast<const char*>(value), value_bytes});
    }
    return 0;
  }

  // NOLINTNEXTLINE(readability-function-size): the signature is the library's.
  static int on_data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t id,
                     const std::uint8_t* bytes, std::size_t count, void* user) {
    if (const Stream* const stream = find(session, id)) {
      self(user).owner_.on_body(stream->tag, {reinterpret_cast<const char*>(bytes), count});
    }
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      if (frame->goaway.error_code != NGHTTP2_NO_ERROR) self(user).aborted_ = true;
      return 0;
    }
    Stream* const stream = find(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      stream->reset_by_peer = true;
      return 0;
    }
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
                      (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA);
    if (!ends) return 0;
    // An answer may come before all of the request was sent, which nobody needs any more.
    if (!stream->body.empty()) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
    }
    self(user).end(*stream, http::RequestEnd::Answered);
    return 0;
  }

  static int on_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void* user) {
    Stream* const stream = find(session, id);
    if (stream == nullptr) return 0;
    // Also those that a GOAWAY says were not processed.
    if (error == NGHTTP2_REFUSED_STREAM) {
      self(user).end(*stream, http::RequestEnd::NotProcessed);
    } else {
      self(user).end(*stream,
                     stream->reset_by_peer ? http::RequestEnd::Reset : http::RequestEnd::Broken);
    }
    return 0;
  }

  // A GOAWAY came before the request went out.
  static int on_not_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, int /*error*/,
                         void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    ClientSession& session = self(user);
    const auto stream = std::ranges::find(session.streams_, frame->hd.stream_id, &Stream::id);
    if (stream != session.streams_.end()) session.end(*stream, http::RequestEnd::NotProcessed);
    return 0;
  }

  static int on_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
      self(user).broken_ = true;
    }
    return 0;
  }

  // NOLINTNEXTLINE(readability-function-size): the signature is the library's.
  static nghttp2_ssize on_read(nghttp2_session* session, std::int32_t id, std::uint8_t* out,
                               std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                               void* /*user*/) {
    auto* const stream = static_cast<Stream*>(source->ptr);
    if (find(session, id) != stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t count = std::min(room, stream->body.size());
    std::memcpy(out, stream->body.data(), count);
    stream->body.remove_prefix(count);
    if (stream->body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<nghttp2_ssize>(count);
  }
};

// ---- Life.

std::unique_ptr<ClientSession> ClientSession::make(http::RequestOwner& owner) {
  auto session = std::make_unique<ClientSession>(Key(), owner);
  if (!session->open()) return nullptr;
  return session;
}

bool ClientSession::open() {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return false;
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_close);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Callbacks::on_not_sent);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::on_sent);
  const int made = nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) return false;
  const std::array<nghttp2_settings_entry, 2> settings{
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(kWindow)}}};
  return nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
             0 &&
         nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow) == 0;
}

ClientSession::~ClientSession() {
  nghttp2_session_del(session_);
}

// ---- Requests.

bool ClientSession::request(http::RequestTag tag, std::span<const http::Field> fields,
                            std::string_view body) {
  PEAR_ASSERT(fields.size() <= kFieldsMax, "the plan's headers are bounded");
  if (!takes_requests()) return false;
  while (streams_.size() <= tag) {
    streams_.push_back({.tag = static_cast<http::RequestTag>(streams_.size())});
  }
  Stream& stream = streams_[tag];
  PEAR_ASSERT(stream.id == 0, "a tag is used again when its request has ended");
  std::array<nghttp2_nv, kFieldsMax> list{};
  std::ranges::transform(fields, list.begin(), to_nghttp2);
  const nghttp2_data_provider2 provider{.source = {.ptr = &stream},
                                        .read_callback = Callbacks::on_read};
  const std::int32_t id = nghttp2_submit_request2(session_, nullptr, list.data(), fields.size(),
                                                  body.empty() ? nullptr : &provider, &stream);
  if (id < 0) return false;
  stream = {.tag = tag, .id = id, .body = body};
  return true;
}

void ClientSession::cancel(http::RequestTag tag) {
  if (tag >= streams_.size() || streams_[tag].id == 0) return;
  Stream& stream = streams_[tag];
  nghttp2_session_set_stream_user_data(session_, stream.id, nullptr);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
  stream = {.tag = tag};
}

void ClientSession::end(Stream& stream, http::RequestEnd how) {
  nghttp2_session_set_stream_user_data(session_, stream.id, nullptr);
  const std::uint16_t status = stream.status;
  stream = {.tag = stream.tag};
  // An answer without a final head is none.
  if (how == http::RequestEnd::Answered && status < 200) how = http::RequestEnd::Broken;
  owner_.on_end(stream.tag, how, status);
}

bool ClientSession::takes_requests() const {
  return nghttp2_session_check_request_allowed(session_) != 0;
}

std::uint32_t ClientSession::streams_max() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

// ---- Bytes.

bool ClientSession::receive(std::span<const char> input) {
  const auto taken = nghttp2_session_mem_recv2(
      session_, reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  return taken == static_cast<nghttp2_ssize>(input.size());
}

bool ClientSession::write(std::string& out, std::size_t enough) {
  while (out.size() < enough) {
    const std::uint8_t* bytes = nullptr;
    const auto count = nghttp2_session_mem_send2(session_, &bytes);
    if (count < 0) return false;
    if (count == 0) break;
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  }
  return !broken_;
}

bool ClientSession::over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

}  // namespace pear::http2

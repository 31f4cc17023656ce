// TestClient: nghttp2's own client session, talking to a ServerSession in memory.
//
// Thread: any one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/assert.h"
#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"

namespace pear::http2 {

class TestClient {
 public:
  struct Response {
    std::vector<std::pair<std::string, std::string>> fields;  // Of all heads and the trailers.
    std::string body;
    std::string request_body;
    std::size_t request_sent = 0;
    FieldPairs request_trailers;
    bool ended = false;
    bool closed = false;
    std::uint32_t error = 0;

    [[nodiscard]] std::string field(std::string_view name) const {
      const auto found = std::ranges::find_if(fields, [&](auto& f) { return f.first == name; });
      return found == fields.end() ? "" : found->second;
    }
  };

  explicit TestClient(std::uint32_t stream_window = 65'535) {
    nghttp2_session_callbacks* callbacks = nullptr;
    PEAR_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0, "no memory");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* option = nullptr;
    PEAR_ASSERT(nghttp2_option_new(&option) == 0, "no memory");
    nghttp2_option_set_max_continuations(option, 10'000);
    PEAR_ASSERT(nghttp2_session_client_new2(&session_, callbacks, this, option) == 0, "no memory");
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    set(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window);
  }
  ~TestClient() { nghttp2_session_del(session_); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  TestClient(TestClient&&) = delete;
  TestClient& operator=(TestClient&&) = delete;

  std::int32_t request(const FieldPairs& fields) { return submit(fields, nullptr); }
  std::int32_t request(const FieldPairs& fields, std::string body, FieldPairs trailers = {}) {
    const nghttp2_data_provider2 provider{.source = {.ptr = nullptr}, .read_callback = on_read};
    const std::int32_t stream = submit(fields, &provider);
    responses[stream].request_body = std::move(body);
    responses[stream].request_trailers = std::move(trailers);
    return stream;
  }
  void set(nghttp2_settings_id id, std::uint32_t value) {
    const nghttp2_settings_entry entry{id, value};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  void cancel(std::int32_t stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  }

  // What the client has to say now.
  std::string take_output() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (;;) {
      const auto count = nghttp2_session_mem_send2(session_, &bytes);
      if (count <= 0) return out;
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    }
  }
  // False: the client found an error in it.
  bool give(std::string_view bytes) {
    const auto count = nghttp2_session_mem_recv2(
        session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return count == static_cast<nghttp2_ssize>(bytes.size());
  }
  // Until neither has anything to say. False: the client found an error.
  bool talk(Harness& server) {
    for (;;) {
      const std::string said = take_output();
      if (!said.empty()) server.send(said);
      server.flush();
      const std::string heard = std::exchange(server.output, {});
      if (said.empty() && heard.empty()) return true;
      if (!give(heard)) return false;
    }
  }

  std::map<std::int32_t, Response> responses;
  std::vector<std::pair<std::int32_t, std::uint32_t>> goaways;  // Last stream, error.

 private:
  static TestClient& self(void* user) { return *static_cast<TestClient*>(user); }
  static std::string text(const std::uint8_t* bytes, std::size_t count) {
    return {reinterpret_cast<const char*>(bytes), count};
  }
  static nghttp2_nv nv(const std::string& name, const std::string& value) {
    return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
            .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
            .namelen = name.size(),
            .valuelen = value.size(),
            .flags = NGHTTP2_NV_FLAG_NONE};
  }
  std::int32_t submit(const FieldPairs& fields, const nghttp2_data_provider2* body) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) list.push_back(nv(name, value));
    return nghttp2_submit_request2(session_, nullptr, list.data(), list.size(), body, nullptr);
  }
  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_bytes, const std::uint8_t* value,
                       std::size_t value_bytes, std::uint8_t /*flags*/, void* user) {
    self(user).responses[frame->hd.stream_id].fields.emplace_back(text(name, name_bytes),
                                                                  text(value, value_bytes));
    return 0;
  }
  static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream,
                     const std::uint8_t* bytes, std::size_t count, void* user) {
    self(user).responses[stream].body += text(bytes, count);
    return 0;
  }
  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self(user).responses[frame->hd.stream_id].ended = true;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self(user).goaways.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code);
    }
    return 0;
  }
  static int on_close(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t error,
                      void* user) {
    self(user).responses[stream].closed = true;
    self(user).responses[stream].error = error;
    return 0;
  }
  static nghttp2_ssize on_read(nghttp2_session* session, std::int32_t stream, std::uint8_t* buffer,
                               std::size_t room, std::uint32_t* flags,
                               nghttp2_data_source* /*source*/, void* user) {
    Response& response = self(user).responses[stream];
    const std::size_t bytes =
        response.request_body.copy(reinterpret_cast<char*>(buffer), room, response.request_sent);
    response.request_sent += bytes;
    if (response.request_sent < response.request_body.size()) {
      return static_cast<nghttp2_ssize>(bytes);
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!response.request_trailers.empty()) {
      std::vector<nghttp2_nv> list;
      for (const auto& [name, value] : response.request_trailers) list.push_back(nv(name, value));
      nghttp2_submit_trailer(session, stream, list.data(), list.size());
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    }
    return static_cast<nghttp2_ssize>(bytes);
  }

  nghttp2_session* session_ = nullptr;
};

}  // namespace pear::http2

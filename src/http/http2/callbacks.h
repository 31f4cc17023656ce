// ServerSession::Callbacks: what nghttp2 calls. Inside the module.
//
// Thread: core-local.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nghttp2/nghttp2.h>

#include "http/http2/server_session.h"

namespace pear::http2 {

// `user` is the ServerSession. Each returns 0 or an error of nghttp2.
struct ServerSession::Callbacks {
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_bytes, const std::uint8_t* value,
                       std::size_t value_bytes, std::uint8_t flags, void* user);
  static int on_data(nghttp2_session* session, std::uint8_t flags, std::int32_t stream,
                     const std::uint8_t* bytes, std::size_t count, void* user);
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int error,
                              void* user);
  static int on_close(nghttp2_session* session, std::int32_t stream, std::uint32_t error,
                      void* user);

  static int on_before_send(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static nghttp2_ssize on_read_body(nghttp2_session* session, std::int32_t stream,
                                    std::uint8_t* buffer, std::size_t bytes_max,
                                    std::uint32_t* flags, nghttp2_data_source* source, void* user);
  static int on_send_body(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head,
                          std::size_t bytes, nghttp2_data_source* source, void* user);

  static void on_random(std::uint8_t* out, std::size_t bytes);

  static void* allocate(std::size_t bytes, void* user);
  static void* allocate_zeroed(std::size_t count, std::size_t bytes, void* user);
  static void* resize(void* block, std::size_t bytes, void* user);
  static void release(void* block, void* user);

  static ServerSession& session_of(void* user) { return *static_cast<ServerSession*>(user); }
};

}  // namespace pear::http2

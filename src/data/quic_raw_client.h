// QuicRawClient: a client of QUIC that says what it likes on its streams, for tests of what a
// client of HTTP/3 would never do. It speaks to quiche by quiche's own C face.
//
// Thread: the test's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <sys/socket.h>

#include <gtest/gtest.h>
#include <time.h>

#include "data/http3_test_client.h"
#include "io/tls/client_context.h"
#include "io/udp_socket.h"

extern "C" {
struct quiche_config;
struct quiche_conn;
struct quiche_recv_info {
  const sockaddr* from;
  socklen_t from_len;
  const sockaddr* to;
  socklen_t to_len;
};
struct quiche_send_info {
  sockaddr_storage from;
  socklen_t from_len;
  sockaddr_storage to;
  socklen_t to_len;
  timespec at;
};
quiche_config* quiche_config_new(std::uint32_t version);
void quiche_config_set_initial_max_data(quiche_config* config, std::uint64_t bytes);
void quiche_config_set_initial_max_streams_uni(quiche_config* config, std::uint64_t streams);
void quiche_config_set_initial_max_stream_data_bidi_local(quiche_config* config,
                                                          std::uint64_t bytes);
void quiche_config_set_initial_max_stream_data_uni(quiche_config* config, std::uint64_t bytes);
void quiche_config_free(quiche_config* config);
quiche_conn* quiche_conn_new_with_tls(const std::uint8_t* id, std::size_t id_len,
                                      const std::uint8_t* original, std::size_t original_len,
                                      const sockaddr* local, socklen_t local_len,
                                      const sockaddr* peer, socklen_t peer_len,
                                      const quiche_config* config, void* ssl, bool is_server);
ssize_t quiche_conn_recv(quiche_conn* conn, std::uint8_t* bytes, std::size_t count,
                         const quiche_recv_info* info);
ssize_t quiche_conn_send(quiche_conn* conn, std::uint8_t* out, std::size_t out_bytes,
                         quiche_send_info* info);
ssize_t quiche_conn_stream_send(quiche_conn* conn, std::uint64_t stream, const std::uint8_t* bytes,
                                std::size_t count, bool fin, std::uint64_t* error);
ssize_t quiche_conn_stream_recv(quiche_conn* conn, std::uint64_t stream, std::uint8_t* out,
                                std::size_t out_bytes, bool* fin, std::uint64_t* error);
bool quiche_conn_is_established(const quiche_conn* conn);
bool quiche_conn_is_closed(const quiche_conn* conn);
void quiche_conn_free(quiche_conn* conn);
}

namespace pear::data {

class QuicRawClient {
 public:
  explicit QuicRawClient(const io::SocketAddress& server) : server_(server) {
    quiche_config* const config = quiche_config_new(1);
    quiche_config_set_initial_max_data(config, kWindow);
    quiche_config_set_initial_max_streams_uni(config, 3);
    quiche_config_set_initial_max_stream_data_bidi_local(config, kWindow);
    quiche_config_set_initial_max_stream_data_uni(config, kWindow);
    const std::array<std::uint8_t, 8> id{7, 7, 7, 7, 7, 7, 7, 7};
    const io::SocketAddress local = socket_.local();
    conn_ = quiche_conn_new_with_tls(id.data(), id.size(), nullptr, 0, local.system(),
                                     local.system_size(), server_.system(), server_.system_size(),
                                     config, context_->open_quic("example.com", {}).ssl, false);
    quiche_config_free(config);
  }
  ~QuicRawClient() { quiche_conn_free(conn_); }
  QuicRawClient(const QuicRawClient&) = delete;
  QuicRawClient& operator=(const QuicRawClient&) = delete;
  QuicRawClient(QuicRawClient&&) = delete;
  QuicRawClient& operator=(QuicRawClient&&) = delete;

  // Takes what has come and sends what is due.
  void pump() {
    const io::SocketAddress local = socket_.local();
    static_cast<void>(socket_.receive(buffers_, [&](const io::Datagram& datagram) {
      const quiche_recv_info info{.from = server_.system(),
                                  .from_len = server_.system_size(),
                                  .to = local.system(),
                                  .to_len = local.system_size()};
      quiche_conn_recv(conn_, datagram.bytes.data(), datagram.bytes.size(), &info);
    }));
    std::array<std::uint8_t, 2048> out{};
    quiche_send_info info{};
    for (;;) {
      const ssize_t made = quiche_conn_send(conn_, out.data(), out.size(), &info);
      if (made <= 0) return;
      const auto bytes = static_cast<std::size_t>(made);
      static_cast<void>(
          socket_.send({.bytes = std::span(out).first(bytes), .segment = bytes, .to = server_}));
    }
  }
  [[nodiscard]] bool ready() const { return quiche_conn_is_established(conn_); }
  [[nodiscard]] bool closed() const { return quiche_conn_is_closed(conn_); }

  // All that there is to say on the stream.
  void say(http3::StreamId stream, std::string_view bytes) { send(stream, bytes, true); }
  // More may follow.
  void begin(http3::StreamId stream, std::string_view bytes) { send(stream, bytes, false); }
  // The code by which the server ended its side of the stream; 0: it has not.
  [[nodiscard]] std::uint64_t reset_of(http3::StreamId stream) {
    std::array<std::uint8_t, 2048> room{};
    std::uint64_t error = 0;
    bool fin = false;
    constexpr ssize_t kStreamReset = -16;
    const ssize_t got =
        quiche_conn_stream_recv(conn_, stream, room.data(), room.size(), &fin, &error);
    return got == kStreamReset ? error : 0;
  }

 private:
  void send(http3::StreamId stream, std::string_view bytes, bool end) {
    std::uint64_t error = 0;
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    EXPECT_EQ(quiche_conn_stream_send(conn_, stream, data, bytes.size(), end, &error),
              static_cast<ssize_t>(bytes.size()));
  }

  static constexpr std::uint64_t kWindow = 1 << 20U;

  static io::UdpSocket open_socket() {
    auto fd = io::open_udp_socket(*io::SocketAddress::parse("127.0.0.1", 0), {});
    return std::move(*io::UdpSocket::adopt(std::move(*fd)));
  }

  io::SocketAddress server_;
  io::UdpSocket socket_ = open_socket();
  io::DatagramBuffers buffers_;
  std::unique_ptr<io::tls::ClientContext> context_ = Http3TestClient::make_context();
  quiche_conn* conn_ = nullptr;  // Owned.
};

}  // namespace pear::data

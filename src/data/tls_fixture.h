// TlsTest: a whole core that listens for TLS, and clients that verify its certificates. For tests.
//
// Thread: the test's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "io/tls/client_context.h"
#include "io/tls/test_certificates.h"

namespace pear::data {

class TlsTest : public CoreTest {
 protected:
  TlsTest() {
    workspace_.set_wall_time(io::tls::kTestNow);
    wall_time_ = [] { return io::tls::kTestNow; };
  }
  // The core listens for TLS, too; it has no certificates yet.
  void start_tls() {
    start();
    auto listener = io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0), {});
    tls_address_ = *io::SocketAddress::of_socket(listener->get());
    core_->listen(*std::move(listener), listener::Security::Tls);
  }
  void publish_certificates() {
    auto loaded = io::tls::ServerContexts::load(options_, io::tls::kTestNow);
    ASSERT_TRUE(loaded.contexts) << (loaded.problems.empty() ? "" : loaded.problems[0].text);
    send(PublishCertificates{.contexts = std::move(loaded.contexts)});
    turns(2);
  }

  struct Client {
    io::UniqueFd socket;
    std::unique_ptr<io::tls::Session> session;
  };
  [[nodiscard]] Client connect_tls(std::string_view host, const io::tls::ClientOptions& wanted) {
    auto loaded = io::tls::ClientContext::load(wanted, io::tls::kTestNow);
    client_contexts_.push_back(std::move(loaded.context));
    Client client{.socket = *io::start_connect(tls_address_),
                  .session = io::tls::Session::connect(*client_contexts_.back(), host, workspace_)};
    turns(2);
    return client;
  }
  [[nodiscard]] Client connect_tls(std::string_view host = "example.com") {
    return connect_tls(host, trusting());
  }
  [[nodiscard]] io::tls::ClientOptions trusting() const {
    return {.verify = io::tls::ClientOptions::Verify::Authorities,
            .authorities = certificates_.authority()};
  }
  io::tls::Session::Progress shake_hands(Client& client) {
    for (int i = 0; i < 200; ++i) {
      const io::tls::Session::Progress progress = client.session->handshake(client.socket.get());
      if (progress != io::tls::Session::Progress::WouldBlock) return progress;
      turns(1);
    }
    return io::tls::Session::Progress::WouldBlock;
  }
  static void say(Client& client, std::string_view text) {
    const iovec piece{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
    ASSERT_EQ(client.session->send(client.socket.get(), std::span(&piece, 1)).bytes, text.size());
  }
  // Turns until what has come ends so, or nothing comes any more.
  std::string hear(Client& client, std::string_view end) {
    std::string heard;
    std::array<char, 65'536> buffer{};
    for (int quiet = 0; quiet < 500 && !heard.ends_with(end); ++quiet) {
      turns(1);
      const io::Transfer got = client.session->receive(client.socket.get(), buffer);
      if (got.status == io::Transfer::Status::Ended) return heard + "<end>";
      if (got.status != io::Transfer::Status::Done) continue;
      heard.append(buffer.data(), got.bytes);
      quiet = 0;
    }
    return heard;
  }
  // Of what waits for the client; it has read nothing yet.
  static std::size_t bytes_of_last_record(const Client& client) {
    std::array<std::uint8_t, 16'384> bytes{};
    const ssize_t count = ::recv(client.socket.get(), bytes.data(), bytes.size(), MSG_PEEK);
    std::size_t size = 0;
    for (std::size_t at = 0; std::cmp_less(at + 5, count); at += 5 + size) {
      size = std::size_t{bytes[at + 3]} * 256 + bytes[at + 4];
    }
    return size;
  }
  std::string ask(Client& client, std::string_view host, std::string_view end) {
    say(client, "GET /site/ HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    return hear(client, end);
  }

  io::tls::QuicSecrets secrets_{io::tls::LastingSecret::alone()};
  io::tls::TestCertificates certificates_;
  io::tls::ContextOptions options_{.certificates = {certificates_.make({})}};
  io::SocketAddress tls_address_;
  io::ChunkPool client_chunks_;
  io::tls::Workspace workspace_{client_chunks_};
  std::vector<std::unique_ptr<io::tls::ClientContext>> client_contexts_;
};

}  // namespace pear::data

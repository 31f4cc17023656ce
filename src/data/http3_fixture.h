// Http3Test: a whole core that serves HTTP/3, and its clients. For tests.
//
// Thread: the test's.
#pragma once

#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "data/http3_test_client.h"
#include "io/tls/strike_register.h"
#include "io/tls/test_certificates.h"

namespace pear::data {

class Http3Test : public CoreTest {
 protected:
  Http3Test() {
    wall_time_ = [] { return io::tls::kTestNow; };
    quic_ = &secrets_;
    settings_.https = {{.host = "127.0.0.1", .port = 3443}};
  }
  void start_quic() {
    auto loaded = io::tls::ServerContexts::load(options_, io::tls::kTestNow);
    ASSERT_TRUE(loaded.contexts) << (loaded.problems.empty() ? "" : loaded.problems[0].text);
    start_quic(std::move(loaded.contexts));
  }
  void start_quic(std::shared_ptr<const io::tls::ServerContexts> contexts) {
    start();
    auto fd = io::open_udp_socket(*io::SocketAddress::parse("127.0.0.1", 0), {});
    auto socket = io::UdpSocket::adopt(std::move(*fd));
    quic_address_ = socket->local();
    core_->listen(std::move(*socket));
    send(PublishCertificates{.contexts = std::move(contexts)});
    turns(2);
  }
  [[nodiscard]] std::unique_ptr<Http3TestClient> client() {
    return std::make_unique<Http3TestClient>(quic_address_);
  }
  // Both sides go on until `done`, or nothing more can be expected.
  template <typename Client, typename Done>
  bool until(Client& client, Done done) {
    for (int i = 0; i < 500; ++i) {
      client.pump();
      turns(1);
      if (done()) return true;
    }
    return false;
  }
  [[nodiscard]] std::unique_ptr<Http3TestClient> connected() {
    auto made = client();
    EXPECT_TRUE(until(*made, [&] { return made->ready(); }));
    return made;
  }
  Http3TestClient::Response& ask(Http3TestClient& client, const Http3TestClient::Fields& fields) {
    const auto stream = client.request(fields);
    until(client,
          [&] { return client.response(stream).ended || client.response(stream).reset != 0; });
    return client.response(stream);
  }

  io::tls::QuicSecrets secrets_{io::tls::LastingSecret::alone()};
  io::tls::TestCertificates certificates_;
  io::tls::ContextOptions options_{.certificates = {certificates_.make({})}};
  io::SocketAddress quic_address_;
};

}  // namespace pear::data

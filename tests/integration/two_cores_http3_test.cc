// HTTP/3 where the kernel brings datagrams to a core whose connection they are not of.
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <linux/filter.h>
#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/http3_test_client.h"
#include "two_cores.h"

namespace pear::data {
namespace {

using End = http3::Transport::End;

class TwoCoresHttp3Test : public TwoCoresTest {
 protected:
  TwoCoresHttp3Test() {
    auto loaded = io::tls::ServerContexts::load({.certificates = {certificates_.make({})}},
                                                io::tls::kTestNow);
    for (std::size_t i = 0; i < kCores; ++i) send(i, PublishCertificates{loaded.contexts});
  }

  // From now on every datagram comes to this core.
  void steer_all_to(std::uint32_t core) {
    sock_filter instruction{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = core};
    const sock_fprog program{.len = 1, .filter = &instruction};
    ASSERT_EQ(::setsockopt(cores_[0].quic_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
                           sizeof program),
              0);
  }
  template <typename Done>
  static bool until(Http3TestClient& client, Done done) {
    while (true) {
      client.pump();
      if (done()) return true;
      client.flush();
      if (!wait(client)) return false;
    }
  }
  // One whose connection is of this core; its first connection id, chosen at random, says which.
  std::unique_ptr<Http3TestClient> client_of(std::size_t core) {
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t before = cores_[core].counters.quic_handshakes.value();
      auto client = std::make_unique<Http3TestClient>(quic_address_);
      if (!until(*client, [&] { return client->ready(); })) return nullptr;
      const http3::StreamId stream = client->request(Http3TestClient::get("/site0/"));
      if (!until(*client, [&] { return client->response(stream).ended; })) return nullptr;
      if (cores_[core].counters.quic_handshakes.value() != before) return client;
    }
    return nullptr;
  }
  // Until something comes, or is due to be sent again.
  static bool wait(Http3TestClient& client) {
    pollfd watched{.fd = client.fd(), .events = POLLIN, .revents = 0};
    const auto due = client.transport().timeout();
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(due.value_or(kPatience));
    if (::poll(&watched, 1, static_cast<int>(patience.count())) > 0) return true;
    if (due) client.transport().on_timeout();
    return due.has_value();
  }
  // How much of it, which is the rest of a body, was taken.
  static std::size_t give(Http3TestClient& client, http3::StreamId stream, std::string_view rest) {
    std::size_t taken = 0;
    while (taken < rest.size()) {
      const auto sent = client.transport().send_body(stream, rest.substr(taken), End::Here);
      taken += sent.bytes;
      if (sent.outcome != http3::Sent::Done) break;
    }
    return taken;
  }

 private:
  io::tls::TestCertificates certificates_;
};

TEST_F(TwoCoresHttp3Test, WhatComesToAnotherCoreIsHandedToTheOneThatHasTheConnection) {
  std::string body;
  for (int i = 0; body.size() < 100'000; ++i) body += fmt::format("{:08}", i);
  for (const std::uint32_t home : {0U, 1U}) {
    steer_all_to(1 - home);
    const std::unique_ptr<Http3TestClient> client = client_of(home);
    ASSERT_NE(client, nullptr);
    for (std::size_t site = 0; site < kCores; ++site) {
      Http3TestClient::Fields fields = Http3TestClient::get(fmt::format("/site{}/", site));
      fields[0].value = "POST";
      const http3::StreamId stream = client->request(fields, End::Follows);
      std::size_t sent = 0;
      EXPECT_TRUE(until(*client, [&] {
        sent += give(*client, stream, std::string_view(body).substr(sent));
        return client->response(stream).ended;
      }));
      EXPECT_EQ(client->response(stream).status(), "200");
      EXPECT_TRUE(client->response(stream).body == body) << client->response(stream).body.size();
    }
    EXPECT_GT(cores_[1 - home].counters.quic_handed_over.value(), 100U);
  }
}

}  // namespace
}  // namespace pear::data

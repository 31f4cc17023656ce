// FakeHttp3Server: a server of HTTP/3 for the tests of the load generator, over
// http3::ServerSession: it does with each request what it is told to.
//
// Thread: a reactor on a thread of its own; `decide` runs on that thread. Constructed and destroyed
//         on the test's.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "http/http3/server_session.h"
#include "io/clock.h"
#include "io/reactor.h"
#include "io/tls/quic_session.h"
#include "io/udp_socket.h"
#include "load/fake_streams.h"
#include "load/fake_tls.h"

namespace pear::load {

class FakeHttp3Server {
 public:
  // `tls` outlives it.
  FakeHttp3Server(FakeDecide decide, const FakeTls& tls, http3::TransportOptions options = {})
      : decide_(std::move(decide)),
        tls_(tls),
        reactor_(*io::Reactor::open()),
        config_(options),
        socket_(open_socket()),
        door_(*this),
        thread_([this](const std::stop_token& stop) { serve(stop); }) {}
  ~FakeHttp3Server() {
    thread_.request_stop();
    reactor_->waker().wake();
    thread_.join();
  }
  FakeHttp3Server(const FakeHttp3Server&) = delete;
  FakeHttp3Server& operator=(const FakeHttp3Server&) = delete;
  FakeHttp3Server(FakeHttp3Server&&) = delete;
  FakeHttp3Server& operator=(FakeHttp3Server&&) = delete;

  [[nodiscard]] std::string url() const {
    return "https://localhost:" + std::to_string(socket_.local().port()) + "/";
  }
  [[nodiscard]] const FakeCounts& counts() const { return counts_; }

 private:
  struct Streams final
      : FakeStreams<http3::ServerSession, http3::SessionOwner, http3::ErrorCode, http3::StreamId> {
    using FakeStreams::FakeStreams;
    void on_open(const http3::Transport::State& /*state*/) override {}
    void on_offence(http3::Offence /*offence*/) override {}
  };
  // The two ends of every path: it is told apart by the client's port.
  static constexpr http3::Address kHere{.ip = {127, 0, 0, 1}, .port = 1};
  static constexpr http3::Address kThere{.ip = {127, 0, 0, 1}, .port = 2};

  struct Site {
    Site(FakeHttp3Server& server, const io::SocketAddress& of_peer)
        : peer(of_peer), streams(server.decide_, server.counts_) {
      tls = io::tls::QuicSession::accept(server.tls_.contexts(), *server.workspace_);
      std::array<std::uint8_t, http3::kIdBytes> id{};
      id.fill(static_cast<std::uint8_t>(++server.made_));
      // Not of zeros: padding would look like a reset.
      http3::ResetToken token{};
      token.fill(0x5a);
      auto transport = http3::Transport::make(
          server.config_,
          {.id = id, .reset_token = token, .local = kHere, .peer = kThere, .ssl = tls->release()});
      tls->bind_early_data(server.config_.limits());
      session.emplace(std::move(transport), streams, server.shared_);
    }

    io::SocketAddress peer;
    Streams streams;
    std::unique_ptr<io::tls::QuicSession> tls;
    std::optional<http3::ServerSession> session;
  };

  struct Door final : io::IoHandler {
    explicit Door(FakeHttp3Server& of_server) : server(of_server) {}
    void on_io(io::IoEvents) override { server.receive(); }
    FakeHttp3Server& server;
  };

  static io::UdpSocket open_socket() {
    auto fd = io::open_udp_socket(*io::SocketAddress::parse("127.0.0.1", 0), {});
    return std::move(*io::UdpSocket::adopt(std::move(*fd)));
  }

  void receive() {
    while (!socket_.receive(buffers_, [this](const io::Datagram& datagram) { take(datagram); })
                .drained) {
    }
    for (const auto& [port, site] : sites_) advance(*site);
  }
  void take(const io::Datagram& datagram) {
    auto& site = sites_[datagram.from.port()];
    if (site == nullptr) site = std::make_unique<Site>(*this, datagram.from);
    site->session->transport().receive(datagram.bytes, kThere, kHere);
  }
  void advance(Site& site) {
    http3::ServerSession& session = *site.session;
    do {
      session.advance(io::now());
      site.streams.act(session);
      if (std::exchange(site.streams.leaves, false)) session.finish_shutdown();
      if (std::exchange(site.streams.aborts, false)) {
        session.close(http3::ErrorCode::InternalError);
      }
      session.advance(io::now());
    } while (session.wants_advance());
    std::array<std::uint8_t, 2048> out{};
    while (const std::size_t bytes = session.transport().send(out).bytes) {
      static_cast<void>(socket_.send(
          {.bytes = std::span(out).first(bytes), .segment = bytes, .from = {}, .to = site.peer}));
    }
  }
  void on_tick(MonotonicTime now) {
    for (const auto& [port, site] : sites_) {
      const auto left = site->session->transport().timeout();
      if (left && left->count() == 0) site->session->transport().on_timeout();
      advance(*site);
    }
    std::erase_if(
        sites_, [](const auto& each) { return each.second->session->transport().state().closed; });
    reactor_->timers().arm(tick_, now + std::chrono::milliseconds(5));
  }
  void serve(const std::stop_token& stop) {
    workspace_ = std::make_unique<io::tls::Workspace>(chunks_);
    workspace_->set_wall_time(io::wall_time());
    const auto added =
        reactor_->add(door_, socket_.fd(), io::IoEvents::read(), io::Reactor::Trigger::Level);
    PEAR_ASSERT(added.has_value(), "a test has few descriptors");
    on_tick(io::now());
    while (!stop.stop_requested()) reactor_->turn();
    tick_.cancel();
    sites_.clear();
    reactor_->remove(door_);
    workspace_.reset();
  }

  const FakeDecide decide_;
  const FakeTls& tls_;
  FakeCounts counts_;
  io::ChunkPool chunks_;
  std::unique_ptr<io::tls::Workspace> workspace_;
  std::unique_ptr<io::Reactor> reactor_;
  http3::TransportConfig config_;
  http3::SessionWorkspace shared_{http3::SessionOptions{}, 4096};
  io::UdpSocket socket_;
  io::DatagramBuffers buffers_;
  Door door_;
  io::Timer tick_ = io::Timer::calling<&FakeHttp3Server::on_tick>(*this);
  std::map<std::uint16_t, std::unique_ptr<Site>> sites_;
  std::uint64_t made_ = 0;
  std::jthread thread_;
};

}  // namespace pear::load

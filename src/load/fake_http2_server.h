// FakeHttp2Server: a server of HTTP/2 for the tests of the load generator, over
// http2::ServerSession: it does with each request what it is told to. With TLS it speaks HTTP/1.1
// to those that ALPN says so of, and answers everything with 200.
//
// Thread: a reactor on a thread of its own; `decide` runs on that thread. Constructed and destroyed
//         on the test's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "http/http2/server_session.h"
#include "http/http2/session_memory.h"
#include "io/clock.h"
#include "io/reactor.h"
#include "io/socket.h"
#include "io/socket_address.h"
#include "io/tls/byte_stream.h"
#include "load/fake_streams.h"
#include "load/fake_tls.h"

namespace pear::load {

class FakeHttp2Server {
 public:
  // `tls` outlives it; null: plain.
  explicit FakeHttp2Server(FakeDecide decide, const FakeTls* tls = nullptr,
                           http2::SessionOptions options = {})
      : decide_(std::move(decide)),
        tls_(tls),
        options_(options),
        reactor_(*io::Reactor::open()),
        listener_(*io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0), {})),
        port_(io::SocketAddress::of_socket(listener_.get())->port()),
        acceptor_(*this),
        thread_([this](const std::stop_token& stop) { serve(stop); }) {}
  ~FakeHttp2Server() {
    thread_.request_stop();
    reactor_->waker().wake();
    thread_.join();
  }
  FakeHttp2Server(const FakeHttp2Server&) = delete;
  FakeHttp2Server& operator=(const FakeHttp2Server&) = delete;
  FakeHttp2Server(FakeHttp2Server&&) = delete;
  FakeHttp2Server& operator=(FakeHttp2Server&&) = delete;

  [[nodiscard]] std::string url() const {
    return (tls_ == nullptr ? "http://127.0.0.1:" : "https://localhost:") + std::to_string(port_) +
           "/";
  }
  [[nodiscard]] const FakeCounts& counts() const { return counts_; }

 private:
  struct Streams final
      : FakeStreams<http2::ServerSession, http2::SessionOwner, http2::ErrorCode, std::int32_t> {
    using FakeStreams::FakeStreams;
    void on_offence(http2::Offence /*offence*/) override {}
  };
  struct Site final : io::IoHandler {
    Site(FakeHttp2Server& server, io::UniqueFd fd) : server_(server), socket_(std::move(fd)) {
      if (server.tls_ != nullptr) {
        tls_ = io::tls::Session::accept(server.tls_->contexts(), *server.workspace_);
      } else {
        stream_.emplace(std::move(socket_));
        begin(io::tls::Application::Http2);
      }
    }
    ~Site() override { end(); }
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;
    Site(Site&&) = delete;
    Site& operator=(Site&&) = delete;

    void on_io(io::IoEvents) override {
      if (!stream_ && !shake_hands()) return;
      std::array<char, 32'768> buffer{};
      while (stream_) {
        const io::Transfer got = stream_->receive(buffer);
        if (got.status == io::Transfer::Status::WouldBlock) break;
        if (got.status != io::Transfer::Status::Done) return end();
        take({buffer.data(), got.bytes});
      }
      if (stream_) write();
    }
    [[nodiscard]] int fd() const { return stream_ ? stream_->fd() : socket_.get(); }
    [[nodiscard]] bool is_open() const { return stream_.has_value() || socket_.is_open(); }
    void end() {
      server_.reactor_->remove(*this);
      session_.reset();
      stream_.reset();
      tls_.reset();
      socket_.reset();
    }

   private:
    bool shake_hands() {
      switch (tls_->handshake(socket_.get())) {
        case io::tls::Session::Progress::WouldBlock:
          return false;
        case io::tls::Session::Progress::Failed:
          end();
          return false;
        case io::tls::Session::Progress::Done:
          break;
      }
      const auto application = tls_->application();
      stream_.emplace(std::move(socket_), std::move(tls_));
      begin(application);
      return true;
    }
    void begin(io::tls::Application application) {
      if (application != io::tls::Application::Http2) return;
      session_ = http2::ServerSession::make(server_.options_, streams_, server_.memory_);
    }
    void take(std::string_view bytes) {
      if (session_ != nullptr) {
        static_cast<void>(session_->receive(bytes, io::now()));
        streams_.act(*session_);
        if (std::exchange(streams_.leaves, false)) {
          session_->announce_shutdown();
          session_->finish_shutdown();
        }
        if (std::exchange(streams_.aborts, false)) {
          session_->terminate(http2::ErrorCode::InternalError);
        }
        return;
      }
      constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
      received_ += bytes;
      for (std::size_t at = 0; (at = received_.find("\r\n\r\n")) != std::string::npos;) {
        received_.erase(0, at + 4);
        server_.counts_.requests.fetch_add(1);
        static_cast<void>(stream_->send(std::span<const char>(kAnswer)));
      }
    }
    void write() {
      if (session_ == nullptr) return;
      const bool flushed = stream_->flush().status == io::Transfer::Status::Done;
      std::string out(64UL * 1024, '\0');
      // On until the kernel takes no more: only then an event says when to go on.
      while (flushed && send() && !stream_->has_unsent()) {
        const std::size_t bytes = session_->write(out);
        if (bytes == 0) break;
        unsent_.append(out, 0, bytes);
      }
      if (unsent_.empty() && session_->over()) end();
    }
    bool send() {
      while (!unsent_.empty()) {
        const auto sent = stream_->send(std::span<const char>(unsent_));
        if (sent.status != io::Transfer::Status::Done) return false;
        unsent_.erase(0, sent.bytes);
      }
      return true;
    }

    FakeHttp2Server& server_;
    io::UniqueFd socket_;
    std::unique_ptr<io::tls::Session> tls_;
    std::optional<io::tls::ByteStream> stream_;
    Streams streams_{server_.decide_, server_.counts_};
    std::unique_ptr<http2::ServerSession> session_;
    std::string received_;
    std::string unsent_;
  };

  struct Acceptor final : io::IoHandler {
    explicit Acceptor(FakeHttp2Server& of_server) : server(of_server) {}
    void on_io(io::IoEvents) override { server.accept(); }
    FakeHttp2Server& server;
  };

  void accept() {
    io::Accepted accepted = io::accept_connection(listener_.get());
    if (!accepted.fd.is_open()) return;
    std::erase_if(sites_, [](const auto& each) { return !each->is_open(); });
    sites_.push_back(std::make_unique<Site>(*this, std::move(accepted.fd)));
    Site& site = *sites_.back();
    const auto added =
        reactor_->add(site, site.fd(), io::IoEvents::read_write(), io::Reactor::Trigger::Edge);
    PEAR_ASSERT(added.has_value(), "a test has few descriptors");
  }
  void serve(const std::stop_token& stop) {
    workspace_ = std::make_unique<io::tls::Workspace>(chunks_);
    workspace_->set_wall_time(io::wall_time());
    const auto added = reactor_->add(acceptor_, listener_.get(), io::IoEvents::read(),
                                     io::Reactor::Trigger::Level);
    PEAR_ASSERT(added.has_value(), "a test has few descriptors");
    while (!stop.stop_requested()) reactor_->turn();
    sites_.clear();
    reactor_->remove(acceptor_);
    workspace_.reset();
  }

  const FakeDecide decide_;
  const FakeTls* tls_;  // Borrowed.
  const http2::SessionOptions options_;
  FakeCounts counts_;
  http2::SessionMemory memory_;
  io::ChunkPool chunks_;
  std::unique_ptr<io::tls::Workspace> workspace_;
  std::unique_ptr<io::Reactor> reactor_;
  io::UniqueFd listener_;
  std::uint16_t port_;
  Acceptor acceptor_;
  std::vector<std::unique_ptr<Site>> sites_;
  std::jthread thread_;
};

}  // namespace pear::load

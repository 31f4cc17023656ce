// FakeServer: an HTTP/1.1 server for the tests of the load generator: it does what it is told to.
//
// Thread: a reactor on a thread of its own; `respond` runs on that thread. Constructed and
// destroyed
//         on the test's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "io/reactor.h"
#include "io/socket.h"
#include "io/socket_address.h"

namespace pear::load {

struct FakeResponse {
  enum class Then : std::uint8_t { KeepOpen, Close, Reset, SayNothing };

  std::string bytes;
  Then then = Then::KeepOpen;
  std::chrono::milliseconds delay{0};  // Of this response; the server goes on meanwhile.
};

inline FakeResponse text_response(int status, std::string_view body) {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\ncontent-length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + std::string(body)};
}

class FakeServer {
 public:
  // Of the request: its head, and its place in the order in which requests came, from 0.
  using Respond = std::function<FakeResponse(std::string_view head, std::uint64_t number)>;

  explicit FakeServer(Respond respond)
      : respond_(std::move(respond)),
        reactor_(*io::Reactor::open()),
        listener_(*io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0), {})),
        port_(io::SocketAddress::of_socket(listener_.get())->port()),
        acceptor_(*this),
        thread_([this](const std::stop_token& stop) { serve(stop); }) {}

  ~FakeServer() {
    thread_.request_stop();
    reactor_->waker().wake();
    thread_.join();
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  FakeServer(FakeServer&&) = delete;
  FakeServer& operator=(FakeServer&&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] std::uint64_t requests() const { return requests_.load(); }
  [[nodiscard]] std::uint64_t connections() const { return accepted_.load(); }
  [[nodiscard]] std::uint64_t connections_at_once() const { return open_most_.load(); }

 private:
  class Acceptor final : public io::IoHandler {
   public:
    explicit Acceptor(FakeServer& server) : server_(server) {}
    void on_io(io::IoEvents) override { server_.accept(); }

   private:
    FakeServer& server_;
  };

  class Connection final : public io::IoHandler {
   public:
    Connection(FakeServer& server, io::UniqueFd fd)
        : server_(server),
          fd_(std::move(fd)),
          delay_(io::Timer::calling<&Connection::on_delay_over>(*this)) {}
    ~Connection() override { end(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    Connection(Connection&&) = delete;
    Connection& operator=(Connection&&) = delete;

    void on_io(io::IoEvents) override {
      const auto got = io::receive(fd_.get(), server_.reactor_->read_buffer());
      if (got.status == io::Transfer::Status::WouldBlock) return;
      if (got.status != io::Transfer::Status::Done) return end();
      received_.append(server_.reactor_->read_buffer().data(), got.bytes);
      take_request();
    }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] bool is_open() const { return fd_.is_open(); }
    void end() {
      server_.reactor_->remove(*this);
      delay_.cancel();
      fd_.reset();
    }

   private:
    void take_request() {
      const std::size_t head_end = received_.find("\r\n\r\n");
      if (head_end == std::string::npos || delay_.armed()) return;
      const std::string head = received_.substr(0, head_end + 4);
      const std::size_t body = content_length(head);
      if (received_.size() < head.size() + body) return;
      received_.erase(0, head.size() + body);
      response_ = server_.respond_(head, server_.requests_.fetch_add(1));
      if (response_.delay > std::chrono::milliseconds::zero()) {
        server_.reactor_->timers().arm(delay_, server_.reactor_->now() + response_.delay);
        return;
      }
      write_response();
    }

    void on_delay_over(MonotonicTime) { write_response(); }

    void write_response() {
      using Then = FakeResponse::Then;
      if (response_.then == Then::SayNothing) return;
      std::string_view bytes = response_.bytes;
      while (!bytes.empty()) {
        const auto sent = io::send(fd_.get(), std::span<const char>(bytes));
        if (sent.status == io::Transfer::Status::WouldBlock) continue;
        if (sent.status != io::Transfer::Status::Done) return end();
        bytes.remove_prefix(sent.bytes);
      }
      if (response_.then == Then::Reset) io::reset_on_close(fd_.get());
      if (response_.then != Then::KeepOpen) return end();
      take_request();
    }

    static std::size_t content_length(std::string_view head) {
      constexpr std::string_view kName = "\r\ncontent-length: ";
      const std::size_t at = head.find(kName);
      if (at == std::string_view::npos) return 0;
      return std::stoul(std::string(head.substr(at + kName.size(), 20)));
    }

    FakeServer& server_;
    io::UniqueFd fd_;
    io::Timer delay_;
    std::string received_;
    FakeResponse response_;
  };

  void accept() {
    io::Accepted accepted = io::accept_connection(listener_.get());
    if (!accepted.fd.is_open()) return;
    accepted_.fetch_add(1);
    std::erase_if(connections_, [](const auto& each) { return !each->is_open(); });
    connections_.push_back(std::make_unique<Connection>(*this, std::move(accepted.fd)));
    open_most_.store(std::max<std::uint64_t>(open_most_.load(), connections_.size()));
    const auto added = reactor_->add(*connections_.back(), connections_.back()->fd(),
                                     io::IoEvents::read(), io::Reactor::Trigger::Level);
    PEAR_ASSERT(added.has_value(), "a test has few descriptors");
  }

  void serve(const std::stop_token& stop) {
    const auto added = reactor_->add(acceptor_, listener_.get(), io::IoEvents::read(),
                                     io::Reactor::Trigger::Level);
    PEAR_ASSERT(added.has_value(), "a test has few descriptors");
    while (!stop.stop_requested()) reactor_->turn();
    connections_.clear();
    reactor_->remove(acceptor_);
  }

  Respond respond_;
  std::unique_ptr<io::Reactor> reactor_;
  io::UniqueFd listener_;
  std::uint16_t port_;
  Acceptor acceptor_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> open_most_{0};
  std::jthread thread_;
};

}  // namespace pear::load

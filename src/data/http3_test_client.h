// Http3TestClient: a client of HTTP/3 over a real socket, for tests: quiche, as the server has it.
//
// Thread: the test's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "data/protocol/http3_address.h"
#include "http/http3/transport.h"
#include "io/tls/client_context.h"
#include "io/udp_socket.h"

namespace pear::data {

class Http3TestClient {
 public:
  struct Response {
    std::vector<std::pair<std::string, std::string>> fields;  // Of all its heads.
    std::string body;
    bool ended = false;
    std::uint64_t reset = 0;

    [[nodiscard]] std::string field(std::string_view name) const {
      for (const auto& [key, value] : fields) {
        if (key == name) return value;
      }
      return {};
    }
    [[nodiscard]] std::string status() const { return field(":status"); }
  };

  using Resume = io::tls::ClientOptions::Resume;
  // With a hybrid key its ClientHello would need two datagrams, which tests do not reckon with.
  static std::unique_ptr<io::tls::ClientContext> make_context(Resume resume = Resume::No) {
    return io::tls::ClientContext::load(
               {.verify = io::tls::ClientOptions::Verify::Off,
                .applications = {io::tls::Application::Http3},
                .resume = resume,
                .key_exchange = io::tls::ClientOptions::KeyExchange::ClassicOnly},
               {})
        .context;
  }

  // Clients of one context, which outlives them, offer the tickets that those before them were
  // given.
  explicit Http3TestClient(const io::SocketAddress& server,
                           io::tls::ClientContext* context = nullptr,
                           std::string_view host = "example.com",
                           const http3::TransportOptions& options = {})
      : server_(server),
        socket_(open_socket()),
        own_context_(context == nullptr ? make_context() : nullptr),
        context_(context == nullptr ? *own_context_ : *context),
        config_(options) {
    const io::tls::ClientContext::QuicStart start = context_.open_quic(host, {});
    const auto bytes = [](const std::string& text) {
      return http3::Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    transport_ =
        http3::Transport::make(config_, {.id = kId,
                                         .local = local_,
                                         .peer = protocol::to_transport(server_),
                                         .ssl = start.ssl,
                                         .side = http3::Transport::Side::Client,
                                         .ticket = bytes(start.ticket),
                                         .ticket_parameters = bytes(start.ticket_parameters)});
  }

  // Takes what has come and sends what is due.
  void pump() {
    static_cast<void>(socket_.receive(buffers_, [this](const io::Datagram& datagram) {
      ++datagrams_received;
      bytes_received += datagram.bytes.size();
      transport_->receive(datagram.bytes, protocol::to_transport(datagram.from), local_);
    }));
    const http3::Transport::State state = transport_->state();
    if (!opened_ && (state.established || state.early)) opened_ = transport_->open_http3();
    if (opened_) take_events();
    flush();
  }
  // Sends what is due.
  void flush() {
    std::array<std::uint8_t, 2048> out{};
    while (true) {
      const auto made = transport_->send(out);
      if (made.bytes == 0) return;
      bytes_sent += made.bytes;
      if (remembers) sent.emplace_back(out.begin(), out.begin() + made.bytes);
      static_cast<void>(socket_.send(
          {.bytes = std::span(out).first(made.bytes), .segment = made.bytes, .to = server_}));
    }
  }
  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] bool ready() const { return opened_; }
  [[nodiscard]] http3::Transport& transport() { return *transport_; }

  using Fields = std::vector<http::Field>;
  static Fields get(std::string_view path) {
    return {
        {":method", "GET"}, {":scheme", "https"}, {":authority", "example.com"}, {":path", path}};
  }
  http3::StreamId request(const Fields& fields,
                          http3::Transport::End end = http3::Transport::End::Here) {
    return transport_->request(fields, end).value();
  }
  [[nodiscard]] Response& response(http3::StreamId stream) { return responses_[stream]; }

  // Packets to come are sent from another port, as when a NAT forgets: the client does not know.
  void move() { socket_ = open_socket(); }

  bool remembers = false;  // What it sends, from now on.
  std::vector<std::vector<std::uint8_t>> sent;
  std::size_t datagrams_received = 0;
  std::size_t bytes_received = 0;
  std::size_t bytes_sent = 0;
  bool goaway = false;

 private:
  static constexpr std::array<std::uint8_t, 8> kId{9, 9, 9, 9, 9, 9, 9, 9};

  static io::UdpSocket open_socket() {
    auto fd = io::open_udp_socket(*io::SocketAddress::parse("127.0.0.1", 0), {});
    return std::move(*io::UdpSocket::adopt(std::move(*fd)));
  }
  void take_events() {
    using Kind = http3::Transport::EventKind;
    for (;;) {
      const auto event = transport_->next_event();
      Response& response = responses_[event.stream];
      switch (event.kind) {
        case Kind::Nothing:
        case Kind::Failed:
          return;
        case Kind::Head:
          transport_->for_each_field([&](std::string_view name, std::string_view value) {
            response.fields.emplace_back(name, value);
          });
          break;
        case Kind::Body: {
          std::array<std::uint8_t, 16384> buffer{};
          while (reads_bodies) {
            const std::size_t bytes = transport_->read_body(event.stream, buffer);
            if (bytes == 0) break;
            response.body.append(reinterpret_cast<const char*>(buffer.data()), bytes);
          }
          break;
        }
        case Kind::End:
          response.ended = true;
          break;
        case Kind::Reset:
          response.reset = event.code;
          break;
        case Kind::GoAway:
          goaway = true;
          break;
        case Kind::Priority:
          break;
      }
    }
  }

  io::SocketAddress server_;
  io::UdpSocket socket_;
  http3::Address local_ = protocol::to_transport(socket_.local());
  io::DatagramBuffers buffers_;
  std::unique_ptr<io::tls::ClientContext> own_context_;
  io::tls::ClientContext& context_;
  http3::TransportConfig config_;
  std::unique_ptr<http3::Transport> transport_;
  std::map<http3::StreamId, Response> responses_;
  bool opened_ = false;

 public:
  bool reads_bodies = true;
};

}  // namespace pear::data

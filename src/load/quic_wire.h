// QuicWire: a connection over QUIC that speaks HTTP/3. It has a UDP socket of its own, as a client
// has that is alone: the kernel spreads its connections over the server's sockets, and tells it
// apart from others without looking into packets.
//
// Thread: core-local.
// Memory: about 45 KiB, quiche's.
#pragma once

#include <memory>
#include <optional>

#include "http/http3/client_session.h"
#include "io/reactor.h"
#include "io/udp_socket.h"
#include "load/wire.h"
#include "load/wire_kit.h"

namespace pear::load {

class QuicWire final : public Wire, private io::IoHandler {
 public:
  QuicWire(WireKit& kit, WireOwner& owner);
  ~QuicWire() override;
  QuicWire(const QuicWire&) = delete;
  QuicWire& operator=(const QuicWire&) = delete;
  QuicWire(QuicWire&&) = delete;
  QuicWire& operator=(QuicWire&&) = delete;

  void open() override;
  [[nodiscard]] std::uint32_t requests_max() const override;
  [[nodiscard]] Begun request(http::RequestTag tag, const PreparedRequest& request) override;
  [[nodiscard]] bool cancel(http::RequestTag tag) override;
  void flush() override;
  [[nodiscard]] bool awaits_ticket() const override;
  void close() override;
  [[nodiscard]] Traffic take_traffic() override;

 private:
  [[nodiscard]] bool open_socket();
  [[nodiscard]] std::unique_ptr<http3::Transport> open_transport();
  void on_io(io::IoEvents events) override;
  void on_timeout(MonotonicTime now);
  void advance();
  void send_all();
  // False: the kernel has no room, and the rest is kept.
  [[nodiscard]] bool send(std::span<const std::uint8_t> train, std::size_t segment);
  void arm_timeout();
  void end();
  // Why the handshake failed; empty where that is not known.
  [[nodiscard]] std::string_view handshake_problem() const;

  WireKit& kit_;
  WireOwner& owner_;
  std::optional<io::UdpSocket> socket_;
  std::optional<http3::ClientSession> session_;  // When it is open, and after.
  const ssl_st* ssl_ = nullptr;                  // Borrowed from its transport.
  io::Timer timeout_;
  Traffic traffic_;
  std::vector<std::uint8_t> unsent_;  // A train that the kernel did not take.
  std::size_t unsent_segment_ = 0;
  bool established_ = false;
  bool gone_ = false;
};

}  // namespace pear::load

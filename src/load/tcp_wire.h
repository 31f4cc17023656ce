// TcpWire: a connection over TCP, with TLS or without, that speaks HTTP/1.1 or HTTP/2.
//
// Thread: core-local.
// Memory: about 5 KiB with HTTP/1.1, 10 KiB with HTTP/2; with TLS 4 KiB more.
#pragma once

#include <memory>
#include <optional>

#include "io/reactor.h"
#include "io/tls/byte_stream.h"
#include "load/client_protocol.h"
#include "load/wire.h"
#include "load/wire_kit.h"

namespace pear::load {

class TcpWire final : public Wire, private io::IoHandler {
 public:
  TcpWire(WireKit& kit, WireOwner& owner) : kit_(kit), owner_(owner) {}
  ~TcpWire() override;
  TcpWire(const TcpWire&) = delete;
  TcpWire& operator=(const TcpWire&) = delete;
  TcpWire(TcpWire&&) = delete;
  TcpWire& operator=(TcpWire&&) = delete;

  void open() override;
  [[nodiscard]] std::uint32_t requests_max() const override;
  [[nodiscard]] Begun request(http::RequestTag tag, const PreparedRequest& request) override;
  [[nodiscard]] bool cancel(http::RequestTag tag) override;
  void flush() override;
  void close() override;
  [[nodiscard]] Traffic take_traffic() override;

 private:
  enum class Phase : std::uint8_t { Connecting, Handshaking, Open, Gone };

  void on_io(io::IoEvents events) override;
  void on_connected();
  void shake_hands();
  void speak(io::tls::Application application);
  void read();
  // False: nothing more is to be read now.
  [[nodiscard]] bool take(const io::Transfer& got);
  void end(Failure why, std::string_view problem = {});

  WireKit& kit_;
  WireOwner& owner_;
  Phase phase_ = Phase::Connecting;
  io::UniqueFd socket_;                        // Until it is open.
  std::unique_ptr<io::tls::Session> session_;  // While hands are shaken.
  std::optional<io::tls::ByteStream> stream_;  // When it is open.
  std::unique_ptr<ClientProtocol> protocol_;
  Traffic traffic_;
  bool blocked_ = false;      // The kernel takes no more now.
  bool peer_closed_ = false;  // There is an end to be read.
};

}  // namespace pear::load

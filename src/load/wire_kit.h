// WireKit: what the connections of one worker are made from and share: where they go, TLS and its
// tickets, buffers.
//
// Thread: core-local.
// Memory: TLS: 130 KiB and the trusted certificates; QUIC: up to 1.2 MiB.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/chunk.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "io/tls/client_context.h"
#include "io/tls/session.h"
#include "io/udp_socket.h"
#include "load/plan.h"
#include "load/wire.h"

namespace pear::http3 {
class TransportConfig;
}

namespace pear::load {

struct WireOptions {
  io::SocketAddress address;
  std::string server_name;  // For SNI and certificates.
  HttpVersion http = HttpVersion::Auto;
  Scheme scheme = Scheme::Http;
  TlsPlan tls;
  std::size_t connections = 1;  // Of the worker: how many tickets it can use at once.
};

class WireKit {
 public:
  // `reactor` outlives it. Reads the files of the plan's certificates.
  // Errors: InvalidInput  they cannot be used: problems_in_tls() says why.
  [[nodiscard]] static Result<std::unique_ptr<WireKit>> make(io::Reactor& reactor,
                                                             const WireOptions& options);
  // Use make().
  WireKit(io::Reactor& reactor, WireOptions options);
  ~WireKit();
  WireKit(const WireKit&) = delete;
  WireKit& operator=(const WireKit&) = delete;
  WireKit(WireKit&&) = delete;
  WireKit& operator=(WireKit&&) = delete;

  // Not open yet. `owner` and the kit outlive it.
  [[nodiscard]] std::unique_ptr<Wire> make_wire(WireOwner& owner);

  // What the wires use.
  io::Reactor& reactor;
  const WireOptions options;
  io::ChunkPool chunks;
  std::unique_ptr<io::tls::ClientContext> tls;  // Null without TLS.
  std::unique_ptr<io::tls::Workspace> workspace;
  std::unique_ptr<http3::TransportConfig> quic;  // Null without QUIC, as these two:
  std::unique_ptr<io::DatagramBuffers> datagrams;
  std::vector<std::uint8_t> train;  // Datagrams on their way out.
};

// What is wrong with the files that certificates are checked by, in sentences. Reads them.
[[nodiscard]] std::vector<std::string> problems_in_tls(const TlsPlan& plan, HttpVersion http);

}  // namespace pear::load

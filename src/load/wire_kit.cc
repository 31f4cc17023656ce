#include "load/wire_kit.h"

#include <utility>

#include "http/http3/transport.h"
#include "io/clock.h"
#include "load/quic_wire.h"
#include "load/tcp_wire.h"

namespace pear::load {
namespace {

using io::tls::Application;
using io::tls::ClientOptions;

std::vector<Application> applications_of(HttpVersion http) {
  switch (http) {
    case HttpVersion::Auto:
      return {Application::Http2, Application::Http11};
    case HttpVersion::Http1:
      return {Application::Http11};
    case HttpVersion::Http2:
      return {Application::Http2};
    case HttpVersion::Http3:
      return {Application::Http3};
  }
  return {};
}

ClientOptions client_options(const TlsPlan& plan, HttpVersion http) {
  ClientOptions options;
  options.verify = ClientOptions::Verify::SystemRoots;
  options.authorities = plan.local_authority;
  if (!plan.authorities.empty()) {
    options.verify = ClientOptions::Verify::Authorities;
    options.authorities = plan.authorities;
  }
  if (plan.check == TlsPlan::Check::Nothing) options.verify = ClientOptions::Verify::Off;
  options.applications = applications_of(http);
  options.key_exchange = plan.key_exchange == KeyExchange::Hybrid
                             ? ClientOptions::KeyExchange::HybridFirst
                             : ClientOptions::KeyExchange::ClassicOnly;
  switch (plan.resumption) {
    case Resumption::Never:
      break;
    case Resumption::Tickets:
      options.resume = ClientOptions::Resume::LastTicket;
      break;
    case Resumption::EarlyData:
      options.resume = ClientOptions::Resume::EachOnce;
      break;
  }
  return options;
}

// Windows that never hold a server up.
http3::TransportOptions transport_options() {
  return {.idle_timeout = std::chrono::hours(2),
          .stream_window = 64UL << 20U,
          .connection_window = 256UL << 20U,
          .field_section_max = 256UL * 1024,
          .pacing = false};
}

}  // namespace

WireKit::WireKit(io::Reactor& of_worker, WireOptions all)
    : reactor(of_worker), options(std::move(all)) {}
WireKit::~WireKit() = default;

Result<std::unique_ptr<WireKit>> WireKit::make(io::Reactor& reactor, const WireOptions& options) {
  auto kit = std::make_unique<WireKit>(reactor, options);
  if (options.scheme == Scheme::Http) return kit;
  kit->tls =
      io::tls::ClientContext::load(client_options(options.tls, options.http), io::wall_time())
          .context;
  if (kit->tls == nullptr) {
    return fail(ErrorKind::InvalidInput, "the certificates to trust cannot be read");
  }
  if (options.http == HttpVersion::Http3) {
    kit->quic = std::make_unique<http3::TransportConfig>(transport_options());
    kit->datagrams = std::make_unique<io::DatagramBuffers>();
    kit->train.resize(io::UdpSocket::kTrainBytesMax);
  } else {
    kit->workspace = std::make_unique<io::tls::Workspace>(kit->chunks);
  }
  return kit;
}

std::unique_ptr<Wire> WireKit::make_wire(WireOwner& owner) {
  if (quic != nullptr) return std::make_unique<QuicWire>(*this, owner);
  return std::make_unique<TcpWire>(*this, owner);
}

std::vector<std::string> problems_in_tls(const TlsPlan& plan, HttpVersion http) {
  return io::tls::ClientContext::load(client_options(plan, http), io::wall_time()).problems;
}

}  // namespace pear::load

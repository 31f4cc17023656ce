// Settings: everything that can be set, with its default, in one place.
//
// A setting that is not here does not exist, and a limit that is not here is not enforced anywhere.
// The text forms (pear.toml, spin.toml, --set, environment) are read by load.h into these structs
// and described key by key in schema.h; code behind load() takes every range as true.
//
// Thread: values. Built on one thread, shared as shared_ptr<const Settings>.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/net/ip_prefix.h"

namespace pear::config {

using std::chrono::milliseconds;

enum class Preset : std::uint8_t { Default, Dev, Prod };
enum class Isolation : std::uint8_t { Request, Cage };
enum class Balance : std::uint8_t { LeastConnected, RoundRobin, Weighted, Sticky };
enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };

// An address to listen on. IPv4 in dotted form, IPv6 without brackets.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000;
  bool operator==(const ListenAddress&) const = default;
};

// So many in a period, evenly spread but for `burst` of them, which may come at once.
struct Rate {
  static constexpr std::uint32_t kCountMax = 1'000'000;  // Also of the burst.
  std::uint32_t count = 0;                               // 0: any number.
  milliseconds period{1'000};
  std::uint32_t burst = 0;
  bool operator==(const Rate&) const = default;
};

// Connections of one client; an IPv6 client has a whole /64.
struct ConnectionRates {
  Rate connections_per_address;
  Rate handshakes_per_address;
  std::uint32_t ipv4_prefix = 24;  // What "per prefix" means for sites and routes.
  std::uint32_t ipv6_prefix = 48;
  std::uint32_t entries = 131'072;  // Addresses and prefixes that are kept count of; 16 bytes each.
  bool operator==(const ConnectionRates&) const = default;
};

// Requests of a site or a route. Past one the answer is 429.
struct RequestRates {
  Rate per_address;
  Rate per_prefix;
  Rate total;
  [[nodiscard]] bool any() const {
    return per_address.count != 0 || per_prefix.count != 0 || total.count != 0;
  }
  bool operator==(const RequestRates&) const = default;
};

// What one connection and one request may take. The same for every protocol.
struct HttpLimits {
  Bytes request_line_max = 8_KiB;     // Method, target and version; past it 414 (or 400).
  Bytes header_max = 32_KiB;          // The whole head of a request; past it 431.
  std::uint32_t fields_max = 100;     // Fields of a head or of trailers; past it 431.
  Bytes body_max = 1_GiB;             // Of one request; past it 413.
  Bytes chunk_extension_max = 1_KiB;  // Of all the chunk extensions of one body; past it 400.

  milliseconds header_timeout{10'000};  // First byte of a head → its last.
  milliseconds body_timeout{60'000};    // Between two pieces of a request body.
  Bytes body_rate_min{240};             // Of a request body in a second, before its answer; 0: any.
  milliseconds body_rate_grace{10'000};  // So long it may be slower.
  milliseconds idle_timeout{75'000};     // Between requests of a kept-alive connection.
  milliseconds write_timeout{60'000};    // Without any progress of a response towards the client.
  milliseconds linger_timeout{
      5'000};                       // After the last word: a client that sends nothing for so long
  milliseconds linger_max{30'000};  // or goes on for so long is left.

  std::uint32_t requests_per_connection_max = 1'000'000;
  std::uint32_t connections_max = 15'000;  // Of all cores together; past it accepting pauses.
  std::uint32_t connections_per_address_max = 1'000;  // 0: any number.
  Bytes response_buffer = 256_KiB;  // Response bytes held for one request before its guest waits.
  Bytes request_buffer = 64_KiB;    // Request body bytes held before the client waits.
  // Memory that is held for the requests of one client, and of all; past it the costliest request
  // of the costliest client is ended. 0: any.
  Bytes memory_per_address_max = 32_MiB;
  Bytes memory_max = 512_MiB;
  bool operator==(const HttpLimits&) const = default;
};

// HTTP/2 alone; what is said of requests and connections above holds for it too.
struct Http2Limits {
  bool enabled = true;              // Offered by ALPN, and spoken where a client begins with it.
  std::uint32_t streams_max = 100;  // Requests of one connection at a time.
  Bytes connection_window = 1_MiB;  // Request body bytes on their way on one connection.
  bool operator==(const Http2Limits&) const = default;
};

// HTTP/3 alone; what is said of requests and connections above holds for it too.
enum class Retry : std::uint8_t { Auto, Always };
enum class Congestion : std::uint8_t { Cubic, Reno, Bbr };

struct Http3Limits {
  bool enabled = true;              // QUIC at the https addresses.
  bool early_data = true;           // 0-RTT, where the site allows it.
  std::uint32_t streams_max = 100;  // Requests of a connection at a time.
  Bytes connection_window = 1_MiB;  // Request bodies of a connection, all streams together.
  std::uint32_t requests_per_connection_max = 10'000;  // quiche keeps some bytes of each for good.
  Retry retry = Retry::Auto;             // When clients must prove their address first.
  std::uint32_t handshakes_max = 1'000;  // With Auto: from so many under way on.
  Congestion congestion = Congestion::Bbr;
  std::filesystem::path qlog;  // A folder for a file of each connection. Empty: none.
  bool operator==(const Http3Limits&) const = default;
};

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

struct TlsSettings {
  TlsVersion version_min = TlsVersion::Tls12;
  milliseconds handshake_timeout{30'000};  // Accept → the handshake's end.
  bool operator==(const TlsSettings&) const = default;
};

// A certificate and its key. Absolute once loaded.
struct CertificateSettings {
  std::filesystem::path chain;  // PEM, the server's own first.
  std::filesystem::path key;    // PEM.
  std::filesystem::path ocsp;   // DER, to be stapled; may be empty.
  bool operator==(const CertificateSettings&) const = default;
};

struct LogSettings {
  LogLevel level = LogLevel::Info;
  bool access = true;    // A line for each request.
  Bytes buffer = 1_MiB;  // Of each core, for lines not yet written; past it lines are dropped.
  bool operator==(const LogSettings&) const = default;
};

// Which field of a trusted proxy says who the client is.
enum class ForwardedField : std::uint8_t { Auto, XForwardedFor, Forwarded };

struct KeeperSettings {
  bool enabled = true;
  milliseconds restart_delay_min{100};  // The first restart is at once; this from the second on.
  milliseconds restart_delay_max{10'000};
  bool operator==(const KeeperSettings&) const = default;
};

struct ServerSettings {
  std::vector<ListenAddress> listen{ListenAddress{}};
  // The same by TLS. Empty: none. load() gives the dev preset an address of its own.
  std::vector<ListenAddress> https;
  std::vector<CertificateSettings> certificates;  // The first stands for names that none has.
  TlsSettings tls;
  // Metrics, health and status. Off when empty.
  std::optional<ListenAddress> admin = ListenAddress{.host = "127.0.0.1", .port = 3001};
  std::uint32_t cores = 0;  // Core threads; 0: one for each CPU that the process may use.
  Preset preset = Preset::Default;
  // Connections from here begin with a header of the PROXY protocol; no others do.
  std::vector<net::IpPrefix> proxy_protocol;
  // Requests from here say whom they are from, and by what scheme; others are not believed.
  std::vector<net::IpPrefix> trusted_proxies;
  ForwardedField forwarded_field = ForwardedField::Auto;
  milliseconds drain{30'000};   // After SIGTERM: how long running requests may take.
  std::filesystem::path cache;  // Compiled images. Empty: $XDG_CACHE_HOME/pear or ~/.cache/pear.
  std::uint32_t instances_max = 1'000;  // Guests alive in the process, all sites together.
  ConnectionRates rate_limit;
  HttpLimits http;
  Http2Limits http2;
  Http3Limits http3;
  LogSettings log;
  KeeperSettings keeper;
  bool operator==(const ServerSettings&) const = default;
};

struct RouteSettings {
  std::string path = "/...";  // Exact, `:name` for one segment, or a trailing `/...`.
  RequestRates rate_limit = {};
  std::optional<bool> early_data = {};                       // Nothing: as the site says.
  std::optional<std::vector<std::string>> early_hints = {};  // Nothing: those of the site.
  bool operator==(const RouteSettings&) const = default;
};

// What one cage may use. The preset gives the defaults of the first two.
struct CageLimits {
  Bytes memory = 128_MiB;             // Linear memories, tables and host buffers of the whole cage.
  milliseconds cpu{1'000};            // CPU time of one request.
  milliseconds head_timeout{30'000};  // Wall time until the response head.
  milliseconds chunk_timeout{60'000};  // Wall time between two pieces of a body, either way.
  std::uint32_t max_concurrent_requests = 100;
  std::uint32_t queue_max = 1'000;    // Requests of the site that wait for a place, for each core.
  milliseconds queue_timeout{5'000};  // Then 503 with Retry-After.
  milliseconds stalled_after{
      1'000};                      // A client that takes nothing for so long may have to make room.
  milliseconds shed_after{1'000};  // Behind by so much, the CPU is not promised to more; 0: it is.
  std::uint32_t fields_max = 1'000;  // Fields in one `fields` resource of the guest.
  Bytes field_bytes_max = 128_KiB;
  std::uint32_t handles_max = 10'000;  // Resources alive in one instance.
  std::uint32_t files_max = 1'000;     // Files and folders that the site has open at once.
  Bytes response_max{0};               // Response body; 0: no limit.
  Bytes log_max = 64_KiB;              // stdout and stderr of one request; the rest is dropped.
  bool operator==(const CageLimits&) const = default;
};

struct FileGrant {
  std::filesystem::path source;  // On this machine, absolute once loaded.
  std::string destination;       // As the guest sees it: "/static".
  bool writable = false;
  Bytes quota = 1_GiB;                  // Of a writable folder: what may lie in it, and
  std::uint32_t quota_files = 100'000;  // how many files, folders and links.
  bool operator==(const FileGrant&) const = default;
};

struct Permissions {
  // True exactly when `files` names something: load() grants the project's folder, read-only, where
  // the preset or the operator allows the file system and no folder is named.
  bool allow_filesystem = false;
  std::vector<FileGrant> files;
  std::vector<std::pair<std::string, std::string>> environment;
  bool operator==(const Permissions&) const = default;
};

struct HealSettings {
  milliseconds check{5'000};  // Proof of life of every cage; 0: off.
  std::string path;           // When not empty, the check also runs GET path through the guest.
  milliseconds backoff_min{1'000};  // Of spawns that fail.
  milliseconds backoff_max{60'000};
  std::uint32_t attempts = 5;
  milliseconds deadline{100};  // A fault whose successor takes longer is logged as an incident.
  bool operator==(const HealSettings&) const = default;
};

struct RunSettings {
  Isolation isolation = Isolation::Request;
  std::uint32_t max_requests_per_instance = 100'000;  // With isolation "cage".
  milliseconds instance_idle{10'000};  // A warm instance that is unused for so long is freed.
  bool informational = false;          // The guest may send 102 to 199 before its response.
  bool operator==(const RunSettings&) const = default;
};

enum class ClientCheck : std::uint8_t { Off, Optional, Require };

// How a site is reached by TLS.
struct HttpsSettings {
  bool redirect = false;   // Requests without TLS are sent to the same place with it (308).
  milliseconds hsts{0};    // Strict-Transport-Security: max-age; 0: not sent.
  bool early_data = true;  // GET, HEAD and OPTIONS may run in 0-RTT; else 425.
  ClientCheck client_certificates = ClientCheck::Off;
  std::filesystem::path client_authorities;  // PEM: who signs them.
  bool operator==(const HttpsSettings&) const = default;
};

struct BuildSettings {
  std::string command;             // Empty: nothing to build. Run by sh -c.
  std::filesystem::path workdir;   // Absolute once loaded.
  std::vector<std::string> watch;  // Globs relative to workdir.
  bool operator==(const BuildSettings&) const = default;
};

struct SiteSettings {
  std::string name;
  std::vector<std::string> hosts;  // Exact, or "*.example.com". Empty: every host.
  std::filesystem::path source;    // The component; absolute once loaded.
  std::uint32_t cages = 3;         // 0: one for each core ("per-core").
  Balance balance = Balance::LeastConnected;
  std::vector<std::uint32_t> weights;  // With "weighted": one for each cage.
  std::vector<RouteSettings> routes{RouteSettings{}};
  std::vector<std::string> early_hints;  // Values of Link, for 103.
  CageLimits limits;
  RequestRates rate_limit;
  Permissions permissions;
  HealSettings heal;
  RunSettings run;
  HttpsSettings https;
  BuildSettings build;
  bool operator==(const SiteSettings&) const = default;
};

struct Settings {
  std::filesystem::path
      file;  // The pear.toml or spin.toml that it came from; empty for a bare .wasm.
  ServerSettings server;
  std::vector<SiteSettings> sites;
  bool operator==(const Settings&) const = default;
};

}  // namespace pear::config

// The keys of [server].
#include <array>

#include "config/compound.h"
#include "config/schema.h"
#include "config/schema_tables.h"

namespace pear::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array<std::string_view, 3> kPresets{"default", "dev", "prod"};
constexpr std::array<std::string_view, 2> kTlsVersions{"1.2", "1.3"};
constexpr std::array<std::string_view, 2> kRetries{"auto", "always"};
constexpr std::array<std::string_view, 3> kCongestions{"cubic", "reno", "bbr"};
constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warning", "error"};

constexpr std::array<std::string_view, 3> kForwardedFields{"auto", "x-forwarded-for", "forwarded"};

constexpr std::string_view kPrefixes =
    R"(at most 1,000 of "10.0.0.0/8", "2001:db8::/32", "192.0.2.1")";

constexpr milliseconds kTimeoutMin{10};
constexpr milliseconds kTimeoutMax = hours(1);
constexpr std::uint32_t kNoBound = 0xFFFF'FFFF;

constexpr std::array kKeys{
    Key{"listen",
        CompoundField{"address, or list of addresses",
                      R"(1 to 16 of "IPv4:PORT" or "[IPv6]:PORT"; port 0 takes any that is free)",
                      get_listen, set_listen},
        "Where HTTP requests are accepted.", Reload::NewStart},
    Key{"https",
        CompoundField{"address, list of addresses, or \"off\"",
                      R"(as listen; with the preset "dev", listen's first port plus 443)",
                      get_https, set_https},
        "Where requests by TLS are accepted; they need a certificate, which \"dev\" makes itself.",
        Reload::NewStart},
    Key{"certificate",
        CompoundField{"list of tables { chain, key, ocsp }",
                      "at most 10,000; PEM files, ocsp a DER response and optional",
                      get_certificates, set_certificates, true, true},
        "The certificates of https; written as [[server.certificate]]. A client's name chooses; "
        "the "
        "first stands for names that none has."},
    Key{"admin",
        CompoundField{R"(address or "off")", R"("IPv4:PORT", "[IPv6]:PORT" or "off")", get_admin,
                      set_admin, false},
        "Where metrics, health and status are served; never make it public.", Reload::NewStart},
    Key{"cores",
        CountField{[](Target t) -> std::uint32_t& { return t.server.cores; }, 1, 1'024, "auto"},
        "Core threads; \"auto\" takes one for each CPU that the process may use.",
        Reload::NewStart},
    Key{"preset",
        ChoiceField{kPresets, [](Target t) { return static_cast<std::size_t>(t.server.preset); },
                    [](Target t, std::size_t i) { t.server.preset = static_cast<Preset>(i); }},
        "Which set of defaults applies to every site; see Presets."},
    Key{"proxy_protocol",
        CompoundField{"list of prefixes", kPrefixes, get_proxy_protocol, set_proxy_protocol},
        "Proxies whose connections begin with a header of the PROXY protocol (version 1 or 2), "
        "which names the client; all other connections are served as they are."},
    Key{"trusted_proxies",
        CompoundField{"list of prefixes", kPrefixes, get_trusted_proxies, set_trusted_proxies},
        "Proxies that are believed when their requests name the client (X-Forwarded-For, "
        "Forwarded) and its scheme; from all others such fields are removed."},
    Key{"forwarded_field",
        ChoiceField{kForwardedFields,
                    [](Target t) { return static_cast<std::size_t>(t.server.forwarded_field); },
                    [](Target t, std::size_t i) {
                      t.server.forwarded_field = static_cast<ForwardedField>(i);
                    }},
        "The field in which trusted proxies name the client; \"auto\" takes the one that is there, "
        "and neither where both are and disagree. Name it where a proxy lets the other one "
        "through."},
    Key{"drain",
        DurationField{[](Target t) -> milliseconds& { return t.server.drain; }, milliseconds(0),
                      hours(1)},
        "After SIGTERM or SIGINT: how long running requests may take before they are ended.",
        Reload::NewStart},
    Key{"cache",
        PathField{[](Target t) -> std::filesystem::path& { return t.server.cache; },
                  "a folder; empty for $XDG_CACHE_HOME/pear or ~/.cache/pear"},
        "Where compiled components are kept; the folder must belong to Pear's user alone.",
        Reload::NewStart},
    Key{"instances_max",
        CountField{[](Target t) -> std::uint32_t& { return t.server.instances_max; }, 1, 100'000},
        "Guest instances alive in the process, all sites together.", Reload::NewStart},

    Key{"rate_limit.connections_per_address",
        RateField{[](Target t) -> Rate& { return t.server.rate_limit.connections_per_address; }},
        "Connections of one address (IPv6: of one /64); past it they are closed at once."},
    Key{"rate_limit.handshakes_per_address",
        RateField{[](Target t) -> Rate& { return t.server.rate_limit.handshakes_per_address; }},
        "TLS handshakes of one address (IPv6: of one /64); past it connections are closed at "
        "once."},
    Key{"rate_limit.ipv4_prefix",
        CountField{[](Target t) -> std::uint32_t& { return t.server.rate_limit.ipv4_prefix; }, 8,
                   32},
        "How many bits of an IPv4 address are one prefix for the limits per_prefix."},
    Key{"rate_limit.ipv6_prefix",
        CountField{[](Target t) -> std::uint32_t& { return t.server.rate_limit.ipv6_prefix; }, 16,
                   64},
        "How many bits of an IPv6 address are one prefix for the limits per_prefix."},
    Key{"rate_limit.entries",
        CountField{[](Target t) -> std::uint32_t& { return t.server.rate_limit.entries; }, 1'024,
                   16'777'216},
        "Addresses and prefixes that are kept count of at a time, for all limits together; 16 "
        "bytes each.",
        Reload::NewStart},

    Key{"http.request_line_max",
        SizeField{[](Target t) -> Bytes& { return t.server.http.request_line_max; }, Bytes{256},
                  64_KiB},
        "Method, target and version of a request; past it the answer is 414."},
    Key{"http.header_max",
        SizeField{[](Target t) -> Bytes& { return t.server.http.header_max; }, 1_KiB, 1_MiB},
        "The whole head of a request; past it the answer is 431."},
    Key{"http.fields_max",
        CountField{[](Target t) -> std::uint32_t& { return t.server.http.fields_max; }, 1, 10'000},
        "Fields in a head or in trailers; past it the answer is 431."},
    Key{"http.body_max",
        SizeField{[](Target t) -> Bytes& { return t.server.http.body_max; }, 1_KiB,
                  Bytes{1ULL << 40U}},
        "The body of one request; past it the answer is 413."},
    Key{"http.chunk_extension_max",
        SizeField{[](Target t) -> Bytes& { return t.server.http.chunk_extension_max; }, Bytes{0},
                  64_KiB},
        "All the chunk extensions of one body together; past it the answer is 400."},
    Key{"http.header_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.server.http.header_timeout; },
                      kTimeoutMin, kTimeoutMax},
        "From the first byte of a request head to its last; past it the answer is 408."},
    Key{"http.body_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.server.http.body_timeout; },
                      kTimeoutMin, kTimeoutMax},
        "Between two pieces of a request body."},
    Key{"http.body_rate_min",
        SizeField{[](Target t) -> Bytes& { return t.server.http.body_rate_min; }, Bytes{1}, 1_GiB,
                  Bytes{1}, "none"},
        "Bytes in a second that a request body must come with, on average, while its answer waits "
        "for it; past it the answer is 408. Time in which the server does not want more of it does "
        "not count, and a response that has begun ends it."},
    Key{"http.body_rate_grace",
        DurationField{[](Target t) -> milliseconds& { return t.server.http.body_rate_grace; },
                      kTimeoutMin, kTimeoutMax},
        "For so long a request body may be slower than http.body_rate_min."},
    Key{"http.idle_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.server.http.idle_timeout; },
                      kTimeoutMin, kTimeoutMax},
        "Between two requests of a connection that is kept alive."},
    Key{"http.write_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.server.http.write_timeout; },
                      kTimeoutMin, kTimeoutMax},
        "How long a client may take no byte of its response before the connection is ended."},
    Key{"http.linger_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.server.http.linger_timeout; },
                      kTimeoutMin, kTimeoutMax},
        "When a connection has been told its last word, what its client still sends is read past, "
        "so "
        "that the word is not lost: until the client has sent nothing for so long."},
    Key{"http.linger_max",
        DurationField{[](Target t) -> milliseconds& { return t.server.http.linger_max; },
                      kTimeoutMin, kTimeoutMax},
        "How long what a client still sends is read past at most, however steadily it comes."},
    Key{"http.requests_per_connection_max",
        CountField{
            [](Target t) -> std::uint32_t& { return t.server.http.requests_per_connection_max; }, 1,
            kNoBound},
        "Requests on one connection before it is closed in an orderly way."},
    Key{"http.connections_max",
        CountField{[](Target t) -> std::uint32_t& { return t.server.http.connections_max; }, 1,
                   1'000'000},
        "Connections open in the server, all cores together; near it the longest idle are closed, "
        "at "
        "it accepting pauses. File descriptors (ulimit -n) bound it, too.",
        Reload::NewStart},
    Key{"http.connections_per_address_max",
        CountField{
            [](Target t) -> std::uint32_t& { return t.server.http.connections_per_address_max; }, 1,
            1'000'000, "none"},
        "Connections of one address (IPv6: of one /64) that are open at a time; past it they are "
        "closed at once. Trusted proxies have no such limit."},
    Key{"http.response_buffer",
        SizeField{[](Target t) -> Bytes& { return t.server.http.response_buffer; }, 4_KiB, 64_MiB},
        "Response bytes held for one request before its guest has to wait for the client."},
    Key{"http.request_buffer",
        SizeField{[](Target t) -> Bytes& { return t.server.http.request_buffer; }, 4_KiB, 64_MiB},
        "Request body bytes held before the client has to wait for the guest."},
    Key{"http.memory_per_address_max",
        SizeField{[](Target t) -> Bytes& { return t.server.http.memory_per_address_max; }, 256_KiB,
                  64_GiB, Bytes{1}, "none"},
        "Memory held for the requests of one address (IPv6: of one /64): heads, and bodies that "
        "guest or client have not taken yet. From half of it on new responses of that address are "
        "buffered less; past it the request that holds most of it is ended. Behind trusted proxies "
        "the address is the forwarded one."},
    Key{"http.memory_max",
        SizeField{[](Target t) -> Bytes& { return t.server.http.memory_max; }, 1_MiB, 1024_GiB,
                  Bytes{1}, "none"},
        "The same for all addresses together: past it the costliest request of the address that "
        "holds most is ended."},

    Key{"http2.enabled", SwitchField{[](Target t) -> bool& { return t.server.http2.enabled; }},
        "Whether HTTP/2 is offered to clients by TLS, and spoken where a client begins with it."},
    Key{"http2.streams_max",
        CountField{[](Target t) -> std::uint32_t& { return t.server.http2.streams_max; }, 1,
                   10'000},
        "Requests of one HTTP/2 connection at a time."},
    Key{"http2.connection_window",
        SizeField{[](Target t) -> Bytes& { return t.server.http2.connection_window; }, 64_KiB,
                  1_GiB},
        "Request body bytes that one HTTP/2 connection may have on their way, all streams "
        "together."},

    Key{"http3.enabled", SwitchField{[](Target t) -> bool& { return t.server.http3.enabled; }},
        "Whether HTTP/3 is served at the https addresses, by UDP on the same ports.",
        Reload::NewStart},
    Key{"http3.early_data",
        SwitchField{[](Target t) -> bool& { return t.server.http3.early_data; }},
        "Whether clients that come back may send requests before the handshake ends (0-RTT), to "
        "sites that allow it."},
    Key{"http3.streams_max",
        CountField{[](Target t) -> std::uint32_t& { return t.server.http3.streams_max; }, 1,
                   10'000},
        "Requests of one HTTP/3 connection at a time."},
    Key{"http3.connection_window",
        SizeField{[](Target t) -> Bytes& { return t.server.http3.connection_window; }, 64_KiB,
                  1_GiB},
        "Request body bytes that one HTTP/3 connection may have on their way, all streams "
        "together."},
    Key{"http3.requests_per_connection_max",
        CountField{
            [](Target t) -> std::uint32_t& { return t.server.http3.requests_per_connection_max; },
            1, 1'000'000},
        "Requests on one HTTP/3 connection before the client is asked to open another."},
    Key{"http3.retry",
        ChoiceField{kRetries,
                    [](Target t) { return static_cast<std::size_t>(t.server.http3.retry); },
                    [](Target t, std::size_t i) { t.server.http3.retry = static_cast<Retry>(i); }},
        "When a client must prove its address before its handshake begins: under load, or always."},
    Key{"http3.handshakes_max",
        CountField{[](Target t) -> std::uint32_t& { return t.server.http3.handshakes_max; }, 1,
                   1'000'000},
        "Handshakes of HTTP/3 under way in the process from which on retry = \"auto\" asks for "
        "proof."},
    Key{"http3.congestion",
        ChoiceField{kCongestions,
                    [](Target t) { return static_cast<std::size_t>(t.server.http3.congestion); },
                    [](Target t, std::size_t i) {
                      t.server.http3.congestion = static_cast<Congestion>(i);
                    }},
        "The congestion control of what HTTP/3 sends. \"bbr\" keeps its rate where packets get "
        "lost by chance, and queues short; \"cubic\" and \"reno\" take each loss for a full link."},
    Key{"http3.qlog",
        PathField{[](Target t) -> std::filesystem::path& { return t.server.http3.qlog; },
                  "a folder; none by default"},
        "A folder for a qlog file of each HTTP/3 connection, for debugging; it slows the server "
        "down."},

    Key{"tls.version_min",
        ChoiceField{
            kTlsVersions,
            [](Target t) { return static_cast<std::size_t>(t.server.tls.version_min); },
            [](Target t, std::size_t i) { t.server.tls.version_min = static_cast<TlsVersion>(i); }},
        "The least version of TLS that clients may speak."},
    Key{"tls.handshake_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.server.tls.handshake_timeout; },
                      kTimeoutMin, kTimeoutMax},
        "From a connection to the end of its TLS handshake."},

    Key{"log.level",
        ChoiceField{kLogLevels,
                    [](Target t) { return static_cast<std::size_t>(t.server.log.level); },
                    [](Target t, std::size_t i) { t.server.log.level = static_cast<LogLevel>(i); }},
        "The least severity that is logged."},
    Key{"log.access", SwitchField{[](Target t) -> bool& { return t.server.log.access; }},
        "Whether each request is logged in a line of its own."},
    Key{"log.buffer",
        SizeField{[](Target t) -> Bytes& { return t.server.log.buffer; }, 4_KiB, 64_MiB},
        "Lines that one core holds until they are written; past it, lines are dropped and "
        "counted.",
        Reload::NewStart},

    Key{"keeper.enabled", SwitchField{[](Target t) -> bool& { return t.server.keeper.enabled; }},
        "Whether a small parent process holds the listening sockets and restarts the server.",
        Reload::NewStart},
    Key{"keeper.restart_delay",
        DurationRangeField{
            [](Target t) -> milliseconds& { return t.server.keeper.restart_delay_min; },
            [](Target t) -> milliseconds& { return t.server.keeper.restart_delay_max; },
            milliseconds(1), minutes(10)},
        "Wait before the second and later restarts in a row; doubles from the first to the last.",
        Reload::NewStart},
};

constexpr std::array<std::string_view, 9> kAbsent{
    "acme", "quic", "processes", "compression", "tracing", "peers", "user", "upgrade", "detection"};

}  // namespace

std::span<const Key> server_keys() {
  return kKeys;
}

std::span<const std::string_view> unavailable_server_keys() {
  return kAbsent;
}

std::string_view to_text(Preset preset) {
  return kPresets[static_cast<std::size_t>(preset)];
}

}  // namespace pear::config

// The keys of [site.NAME].
#include <algorithm>
#include <array>

#include "config/compound.h"
#include "config/schema.h"
#include "config/schema_tables.h"

namespace pear::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array<std::string_view, 4> kBalances{"least-connected", "round-robin", "weighted",
                                                    "sticky"};
constexpr std::array<std::string_view, 3> kClientChecks{"off", "optional", "require"};
constexpr std::array<std::string_view, 2> kIsolations{"request", "cage"};

// The health path is a request target without a host: what problem_in_route_path() takes, with a
// query, and without parameters.
bool is_health_path(std::string_view path) {
  return path.empty() ||
         (path.starts_with('/') && path.size() <= 1'024 && std::ranges::all_of(path, [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte > 0x20 && byte < 0x7f && c != '#';
          }));
}

constexpr std::array kKeys{
    Key{"hosts",
        CompoundField{"list of host names",
                      R"(at most 1,000, such as "shop.example.com", "*.example.com", "127.0.0.1")",
                      get_hosts, set_hosts},
        "The hosts that the site answers for; an empty list stands for every host."},
    Key{"source",
        PathField{[](Target t) -> std::filesystem::path& { return t.site.source; },
                  "the file of a component (.wasm); required"},
        "The component that serves the site."},
    Key{"cages",
        CountField{[](Target t) -> std::uint32_t& { return t.site.cages; }, 1, 1'000, "per-core"},
        "How many cages run the site; \"per-core\" runs one on each core."},
    Key{"balance",
        ChoiceField{kBalances, [](Target t) { return static_cast<std::size_t>(t.site.balance); },
                    [](Target t, std::size_t i) { t.site.balance = static_cast<Balance>(i); }},
        "How a request finds its cage."},
    Key{"weights",
        CompoundField{"list of numbers", "one for each cage, each 1 to 1,000", get_weights,
                      set_weights},
        "With balance = \"weighted\": the share of the requests that each cage gets."},
    Key{"route",
        CompoundField{"list of tables { path, rate_limit, early_data, early_hints }",
                      R"(1 to 200; paths: exact "/a", one segment "/a/:id", any rest "/a/...";)"
                      " the others as below, optional, for this route",
                      get_routes, set_routes},
        "The paths that the site answers for; written as [[site.NAME.route]]."},
    Key{"early_hints",
        CompoundField{"list of texts",
                      R"(at most 20 values of Link, such as "</style.css>; rel=preload; as=style")",
                      get_early_hints, set_early_hints},
        "What a page needs: sent as 103 Early Hints by HTTP/2 and HTTP/3, while the guest still "
        "makes the page."},

    Key{"limits.memory",
        SizeField{[](Target t) -> Bytes& { return t.site.limits.memory; }, 64_KiB, 64_GiB, 64_KiB},
        "Memory of one cage: linear memories, tables and host buffers of all its instances."},
    Key{"limits.cpu",
        DurationField{[](Target t) -> milliseconds& { return t.site.limits.cpu; }, milliseconds(1),
                      minutes(10)},
        "CPU time that one request may consume; past it the guest is ended and the answer is 504."},
    Key{"limits.head_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.site.limits.head_timeout; },
                      milliseconds(1), hours(1)},
        "Time until the guest has given its response head, without the time that it waits for the "
        "client's body; past it the answer is 504."},
    Key{"limits.chunk_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.site.limits.chunk_timeout; },
                      milliseconds(1), hours(1)},
        "Time between two pieces of a body, either way."},
    Key{"limits.max_concurrent_requests",
        CountField{[](Target t) -> std::uint32_t& { return t.site.limits.max_concurrent_requests; },
                   1, 10'000},
        "Requests that one cage runs at a time; of those whose body is still on its way, half as "
        "many, and on half of its instances."},
    Key{"limits.queue_max",
        CountField{[](Target t) -> std::uint32_t& { return t.site.limits.queue_max; }, 0,
                   1'000'000},
        "Requests that wait for a place, on each core; past it the answer is 503."},
    Key{"limits.queue_timeout",
        DurationField{[](Target t) -> milliseconds& { return t.site.limits.queue_timeout; },
                      milliseconds(1), minutes(10)},
        "How long a request waits for a place; past it the answer is 503 with Retry-After."},
    Key{"limits.stalled_after",
        DurationField{[](Target t) -> milliseconds& { return t.site.limits.stalled_after; },
                      milliseconds(1), minutes(10)},
        "While others wait for a place or an instance, a request whose client sends or takes "
        "nothing "
        "for so long makes room for them; so do, after so long, requests of an address that has "
        "more "
        "than theirs."},
    Key{"limits.shed_after",
        DurationField{[](Target t) -> milliseconds& { return t.site.limits.shed_after; },
                      milliseconds(1), minutes(10), "off"},
        "When requests have waited so long for their first CPU time, new ones are answered 503 "
        "with Retry-After at once."},
    Key{"limits.fields_max",
        CountField{[](Target t) -> std::uint32_t& { return t.site.limits.fields_max; }, 1, 100'000},
        "Header fields that a guest may put into one collection."},
    Key{"limits.field_bytes_max",
        SizeField{[](Target t) -> Bytes& { return t.site.limits.field_bytes_max; }, 1_KiB, 16_MiB},
        "Bytes of names and values that a guest may put into one collection of header fields."},
    Key{"limits.handles_max",
        CountField{[](Target t) -> std::uint32_t& { return t.site.limits.handles_max; }, 64,
                   1'000'000},
        "Resources (streams, bodies, fields, files) that are alive in one instance."},
    Key{"limits.files_max",
        CountField{[](Target t) -> std::uint32_t& { return t.site.limits.files_max; }, 1, 100'000},
        "Files and folders that the site has open at once, on all cores. No site has more open "
        "than are left for the others; a guest is told that there is not enough memory."},
    Key{"limits.response_max",
        SizeField{[](Target t) -> Bytes& { return t.site.limits.response_max; }, 1_KiB,
                  Bytes{1ULL << 40U}, Bytes{1}, "none"},
        "The body of one response; past it the response is ended."},
    Key{"limits.log_max",
        SizeField{[](Target t) -> Bytes& { return t.site.limits.log_max; }, Bytes{0}, 16_MiB},
        "What one request may write to stdout and stderr; the rest is dropped and counted."},

    Key{"rate_limit.per_address",
        RateField{[](Target t) -> Rate& { return t.site.rate_limit.per_address; }},
        "Requests of one address (IPv6: of one /64); past it the answer is 429 with Retry-After."},
    Key{"rate_limit.per_prefix",
        RateField{[](Target t) -> Rate& { return t.site.rate_limit.per_prefix; }},
        "Requests of one prefix (see server.rate_limit); past it the answer is 429."},
    Key{"rate_limit.total", RateField{[](Target t) -> Rate& { return t.site.rate_limit.total; }},
        "Requests of everybody together; past it the answer is 429."},

    Key{"permissions.allow_filesystem",
        SwitchField{[](Target t) -> bool& { return t.site.permissions.allow_filesystem; }},
        "Whether the guest sees files: the folders in files, or else the project's folder, "
        "read-only. Naming folders turns it on."},
    Key{"permissions.files",
        CompoundField{"list of tables { source, destination, writable, quota, quota_files }",
                      "at most 100; source a folder, destination absolute, writable = false, quota "
                      "= \"1GiB\", quota_files = 100000",
                      get_files, set_files},
        "The folders that the guest sees. A writable one takes no more than quota, by whoever, in "
        "at most quota_files files, folders and links."},
    Key{"permissions.environment",
        CompoundField{"table NAME = \"value\"", "at most 1,000 entries, 64KiB together",
                      get_environment, set_environment, false},
        "The environment variables that the guest sees; it sees none of the server's."},

    Key{"heal.check",
        DurationField{[](Target t) -> milliseconds& { return t.site.heal.check; },
                      milliseconds(100), hours(1), "off"},
        "How often each cage has to prove that it lives."},
    Key{"heal.path",
        TextField{[](Target t) -> std::string& { return t.site.heal.path; },
                  "a path that starts with '/', at most 1,024 bytes; empty for none",
                  is_health_path},
        "When set, the check also runs GET on this path through the guest and wants 2xx or 3xx."},
    Key{"heal.backoff",
        DurationRangeField{[](Target t) -> milliseconds& { return t.site.heal.backoff_min; },
                           [](Target t) -> milliseconds& { return t.site.heal.backoff_max; },
                           milliseconds(1), hours(1)},
        "Wait between attempts to make a cage that cannot be made; doubles from first to last."},
    Key{"heal.attempts",
        CountField{[](Target t) -> std::uint32_t& { return t.site.heal.attempts; }, 1, 100},
        "Attempts to make a cage before Pear gives it up and says so."},
    Key{"heal.deadline",
        DurationField{[](Target t) -> milliseconds& { return t.site.heal.deadline; },
                      milliseconds(1), minutes(1)},
        "A fault whose successor takes longer is logged as an incident."},

    Key{"run.isolation",
        ChoiceField{
            kIsolations, [](Target t) { return static_cast<std::size_t>(t.site.run.isolation); },
            [](Target t, std::size_t i) { t.site.run.isolation = static_cast<Isolation>(i); }},
        "\"request\": a fresh instance for each request. \"cage\": instances are used again and "
        "keep their memory."},
    Key{"run.max_requests_per_instance",
        CountField{[](Target t) -> std::uint32_t& { return t.site.run.max_requests_per_instance; },
                   1, 0xFFFF'FFFF},
        "With isolation = \"cage\": how many requests an instance serves before it is replaced."},
    Key{"run.instance_idle",
        DurationField{[](Target t) -> milliseconds& { return t.site.run.instance_idle; },
                      milliseconds(10), hours(1)},
        "How long a warm instance may stay unused before it is freed."},
    Key{"run.informational",
        SwitchField{[](Target t) -> bool& { return t.site.run.informational; }},
        "Whether guests may send informational responses such as 103 before their response "
        "(send-informational of wasi:http 0.2.12, which is unstable)."},

    Key{"https.redirect", SwitchField{[](Target t) -> bool& { return t.site.https.redirect; }},
        "Whether requests without TLS are sent to the same address with it (308)."},
    Key{"https.hsts",
        DurationField{[](Target t) -> milliseconds& { return t.site.https.hsts; },
                      std::chrono::seconds(1), hours(24 * 730), "off"},
        "How long browsers are told to come by TLS only (Strict-Transport-Security); never told "
        "for localhost and addresses."},
    Key{"https.early_data", SwitchField{[](Target t) -> bool& { return t.site.https.early_data; }},
        "Whether GET, HEAD and OPTIONS requests of clients that come back may run before the "
        "handshake ends (0-RTT of HTTP/3); others are told to repeat them after it (425)."},
    Key{"https.client_certificates",
        ChoiceField{
            kClientChecks,
            [](Target t) { return static_cast<std::size_t>(t.site.https.client_certificates); },
            [](Target t, std::size_t i) {
              t.site.https.client_certificates = static_cast<ClientCheck>(i);
            }},
        "Whether clients show a certificate; its subject reaches the guest as the field "
        "client-cert-subject. \"require\" sends requests without TLS to https."},
    Key{"https.client_authorities",
        PathField{
            [](Target t) -> std::filesystem::path& { return t.site.https.client_authorities; },
            "a PEM file"},
        "The authorities that sign clients' certificates."},

    Key{"build.command",
        TextField{[](Target t) -> std::string& { return t.site.build.command; },
                  "a command for sh -c; empty for none"},
        "What `pear build` and `pear watch` run to make the component."},
    Key{"build.workdir",
        PathField{[](Target t) -> std::filesystem::path& { return t.site.build.workdir; },
                  "a folder; the project's by default"},
        "Where the build command runs."},
    Key{"build.watch",
        CompoundField{"list of globs", "at most 100, relative to build.workdir", get_watch,
                      set_watch},
        "The files whose change makes `pear watch` build again."},
};

constexpr std::array<std::string_view, 22> kAbsent{
    "tls",
    "http3",
    "state",
    "security",
    "detection",
    "deploy",
    "canary",
    "autoscale",
    "cages_max",
    "compression",
    "cache",
    "degraded_page",
    "retry",
    "permissions.allow_network",
    "permissions.allowed_outbound_hosts",
    "permissions.allow_keyvalue",
    "permissions.key_value_stores",
    "permissions.variables",
    "permissions.config",
    "heal.intensity",
    "run.requests_per_instance_concurrent",
    "limits.network",
};

}  // namespace

std::span<const Key> site_keys() {
  return kKeys;
}

std::span<const std::string_view> unavailable_site_keys() {
  return kAbsent;
}

void apply_preset(Preset preset, SiteSettings* site) {
  switch (preset) {
    case Preset::Default:
      site->limits.memory = 128_MiB;
      site->limits.cpu = milliseconds(1'000);
      site->permissions.allow_filesystem = false;
      return;
    case Preset::Dev:
      site->limits.memory = 256_MiB;
      site->limits.cpu = milliseconds(5'000);
      site->permissions.allow_filesystem = true;
      return;
    case Preset::Prod:
      site->limits.memory = 64_MiB;
      site->limits.cpu = milliseconds(500);
      site->permissions.allow_filesystem = false;
      return;
  }
}

}  // namespace pear::config

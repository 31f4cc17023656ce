#include "load/run.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>

#include <netdb.h>

#include "base/assert.h"
#include "io/clock.h"
#include "load/crowd.h"
#include "load/process_usage.h"
#include "load/schedule.h"
#include "load/worker.h"
#include "load/workload.h"

namespace pear::load {
namespace {

// Enough for the threads to be there; nobody notices it.
constexpr std::chrono::milliseconds kStartAfter{10};

// Beside the connections: the reactors' own, the standard streams, libraries.
constexpr std::uint64_t kDescriptorsBeside = 100;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<io::SocketAddress> look_up(const Detour::Place& place) {
  const addrinfo hints{.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* list = nullptr;
  if (::getaddrinfo(place.host.c_str(), nullptr, &hints, &list) != 0) {
    return fail(ErrorKind::NotFound, "the host name of the URL has no address");
  }
  const AddressList owned(list, &::freeaddrinfo);
  const addrinfo* chosen = list;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      chosen = each;
      break;
    }
  }
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(chosen->ai_addr, chosen->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return fail(ErrorKind::NotFound, "the host name of the URL has no address that can be used");
  }
  return io::SocketAddress::parse(text.data(), place.port);
}

// Raises the soft limit of descriptors where the hard one allows it.
Result<void> ensure_descriptors(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  if (limit.rlim_cur >= wanted) return {};
  if (limit.rlim_max < wanted) {
    return fail(ErrorKind::LimitExceeded,
                "more connections are wanted than this process may have descriptors (ulimit -n)");
  }
  limit.rlim_cur = wanted;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(ErrorKind::LimitExceeded, "the limit of descriptors (ulimit -n) cannot be raised");
  }
  return {};
}

Schedule schedule_of(const Plan& plan) {
  if (plan.rate_per_s) return Schedule::at_rate(*plan.rate_per_s);
  if (plan.replay_speed) return Schedule::at_times(replay_times(plan.replay, *plan.replay_speed));
  return Schedule::as_fast_as_possible();
}

// Each on a thread of its own, the first on this one.
template <typename Part>
Result<Outcome> run_all(std::span<const std::unique_ptr<Part>> parts) {
  std::vector<Result<Outcome>> outcomes(parts.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      threads.emplace_back([&, i] { outcomes[i] = parts[i]->run(); });
    }
    outcomes[0] = parts[0]->run();
  }
  Outcome total;
  for (Result<Outcome>& outcome : outcomes) {
    const Outcome part = PEAR_TRY(std::move(outcome));
    total.merge(part);
  }
  return total;
}

Result<Outcome> run_workers(const RunSetup& setup) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t i = 0; i < setup.plan.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(setup, i));
  }
  return run_all<Worker>(workers);
}

Result<Outcome> run_crowds(const RunSetup& setup, RunWatcher* watcher) {
  CrowdGate gate(setup.plan.threads, *setup.plan.hold, [watcher](std::uint64_t connections) {
    if (watcher != nullptr) watcher->on_all_open(connections);
  });
  std::vector<std::unique_ptr<Crowd>> crowds;
  for (std::uint32_t i = 0; i < setup.plan.threads; ++i) {
    crowds.push_back(std::make_unique<Crowd>(setup, i, gate));
  }
  return run_all<Crowd>(crowds);
}

Result<Round> measure_round(const TargetToMeasure& target, MakeDigest make_digest,
                            RunWatcher* watcher) {
  if (!target.server_pid) {
    return Round{.outcome = PEAR_TRY(run_load(target.plan, make_digest, watcher))};
  }
  const ProcessUsage before = PEAR_TRY(read_process_usage(*target.server_pid));
  Outcome outcome = PEAR_TRY(run_load(target.plan, make_digest, watcher));
  ProcessUsage after = PEAR_TRY(read_process_usage(*target.server_pid));
  after.cpu -= std::min(before.cpu, after.cpu);
  return Round{.outcome = std::move(outcome), .server = after};
}

}  // namespace

Result<io::SocketAddress> resolve(const Detour::Place& place, Reach reach) {
  auto address = io::SocketAddress::parse(place.host, place.port);
  if (!address) address = look_up(place);
  if (address && reach == Reach::LoopbackOnly && !address->is_loopback()) {
    return fail(ErrorKind::InvalidInput,
                "the target is not on this machine: load on another one needs --allow-remote");
  }
  return address;
}

Result<Outcome> run_load(const Plan& plan, MakeDigest make_digest, RunWatcher* watcher) {
  PEAR_ASSERT(problems_in(plan).empty(), "the plan is checked before it is run");
  const Workload workload = PEAR_TRY(Workload::make(plan));
  if (workload.wants_digests() && make_digest == nullptr) {
    return fail(ErrorKind::InvalidInput, "this build cannot check the SHA-256 of bodies");
  }
  const io::SocketAddress address =
      PEAR_TRY(resolve(place_of(plan.target, plan.detours), plan.reach));
  PEAR_TRY(
      ensure_descriptors(plan.connections + std::uint64_t{8} * plan.threads + kDescriptorsBeside));
  const Schedule schedule = schedule_of(plan);
  const RunSetup setup{
      .plan = plan,
      .workload = workload,
      .schedule = schedule,
      .wires = {.address = address,
                .server_name = plan.target.host,
                .http = version_of(plan),
                .scheme = plan.target.scheme,
                .tls = plan.tls},
      .connection = {.use = plan.connection_use,
                     .streams = streams_of(plan),
                     // What ALPN has not chosen yet may be HTTP/1.1.
                     .streams_at_first =
                         version_of(plan) == HttpVersion::Auto ? 1 : streams_of(plan),
                     .make_digest = workload.wants_digests() ? make_digest : nullptr},
      .start = io::now() + kStartAfter};
  return plan.hold ? run_crowds(setup, watcher) : run_workers(setup);
}

Result<Report> run_rounds(std::span<const TargetToMeasure> targets, std::uint32_t rounds,
                          MakeDigest make_digest, RunWatcher* watcher) {
  PEAR_ASSERT(!targets.empty(), "the command asks for at least one");
  PEAR_ASSERT(rounds > 0, "the command asks for at least one");
  Report report{.plan = targets.front().plan, .targets = {}};
  for (const TargetToMeasure& target : targets) {
    report.targets.push_back({.url = target.url, .rounds = {}, .http = version_of(target.plan)});
  }
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      // Every other round backwards: a drift of the machine then favours nobody.
      const std::size_t place = round % 2 == 0 ? i : targets.size() - 1 - i;
      if (watcher != nullptr) watcher->on_round(round, targets[place]);
      report.targets[place].rounds.push_back(
          PEAR_TRY(measure_round(targets[place], make_digest, watcher)));
    }
  }
  return report;
}

}  // namespace pear::load

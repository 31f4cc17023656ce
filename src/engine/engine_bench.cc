// What a call costs: of a warm instance, of a fresh one, and of healing after a trap. No sockets:
// the host is a table of functions that only copy.
//
// With PEAR_BENCH_COMPONENT=FILE also for that component, asked for "/": bench/run gives the SDK's
// hello.
//
// Goals: warm at most 4 us, fresh instance and call at most 18 us, for a small guest and three
// fields; from the fault to a successor that is ready at most 100 us at p99.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "engine/engine.h"
#include "engine/image.h"
#include "engine/instance.h"

namespace pear::engine {
namespace {

struct BenchHost {
  std::uint64_t memory = 0;
  std::array<std::uint8_t, 4096> response{};
  std::size_t written = 0;

  static BenchHost& of(void* context) { return *static_cast<BenchHost*>(context); }
};

constexpr Host kHost{
    .memory_grow = [](void* c,
                      std::uint64_t delta) { return (BenchHost::of(c).memory += delta) > 0; },
    .memory_release = [](void* c, std::uint64_t delta) { BenchHost::of(c).memory -= delta; },
    .log = [](void*, PearStream, PearBytes) {},
    .response_head = [](void*, std::uint16_t, const PearField*, std::size_t) { return true; },
    .response_interim = [](void*, std::uint16_t, const PearField*, std::size_t) { return true; },
    .response_error = [](void*, PearBytes) {},
    .body_window = [](void*) { return std::uint64_t{65'536}; },
    .body_write =
        [](void* c, PearBytes bytes) {
          BenchHost& host = BenchHost::of(c);
          host.written = std::min(bytes.len, host.response.size());
          std::copy_n(bytes.data, host.written, host.response.data());
        },
    .body_flush = [](void*) {},
    .body_finish = [](void*, const PearField*, std::size_t) {},
    .body_abort = [](void*) {},
    .body_read = [](void*, std::uint64_t, PearBytes*) { return PEAR_READ_END; },
    .body_readable = [](void*) { return true; },
    .body_trailers = [](void*, const PearField**) { return std::size_t{0}; },
    .wake_at = [](void*, std::uint64_t) {}};

constexpr Grants kGrants{.environment = nullptr,
                         .environment_count = 0,
                         .directories = nullptr,
                         .directory_count = 0,
                         .handles_max = 10'000,
                         .fields_max = 1'000,
                         .field_bytes_max = 128 << 10,
                         .informational = false,
                         .share = nullptr};

struct Site {
  std::shared_ptr<const Engine> engine;
  std::shared_ptr<const Image> image;

  explicit Site(const std::string& guest, const EngineOptions& options = {}) {
    prepare_thread();
    std::ifstream file(guest.contains('/')
                           ? guest
                           : std::string(PEAR_ENGINE_GUESTS) + "/" + guest + ".component.wasm",
                       std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
    const std::vector<std::uint8_t> component(text.begin(), text.end());
    engine = Engine::make(options).value();
    const OwnedBytes code = Image::compile(*engine, component).value();
    image = Image::load(engine, code.bytes(), {}).value();
  }
};

struct Caller {
  BenchHost host;
  Inbox inbox{[](void*) {}, nullptr};
  std::array<Field, 3> fields{
      Field{.name = lend(std::string_view("user-agent")),
            .value = lend(std::string_view("bench/1"))},
      Field{.name = lend(std::string_view("accept")), .value = lend(std::string_view("*/*"))},
      Field{.name = lend(std::string_view("accept-encoding")),
            .value = lend(std::string_view("br"))}};

  Request request(std::string_view path) const {
    return {.method = lend(std::string_view("GET")),
            .scheme = lend(std::string_view("http")),
            .authority = lend(std::string_view("localhost:3000")),
            .path_with_query = lend(path),
            .fields = fields.data(),
            .field_count = fields.size()};
  }

  Instance instance(const Site& site) {
    return Instance(*site.image, {.host = &kHost, .context = &host, .grants = &kGrants}, inbox, 1);
  }

  // Polls until idle or faulted.
  static PollStep run(Instance& instance) {
    PollStep step = instance.poll();
    while (step == PollStep::Yielded || step == PollStep::Pending) step = instance.poll();
    return step;
  }
};

void BM_WarmCall(benchmark::State& state, const char* guest, const char* path) {
  const Site site(guest);
  Caller caller;
  Instance instance = caller.instance(site);
  Caller::run(instance);
  const Request request = caller.request(path);
  for ([[maybe_unused]] auto _ : state) {
    instance.begin(request, &caller.host);
    if (Caller::run(instance) != PollStep::Idle) state.SkipWithError("faulted");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_WarmCall, hello, "hello", "/hello?x=1");
BENCHMARK_CAPTURE(BM_WarmCall, show_request, "probe_fields", "/show-request");

void BM_FreshCall(benchmark::State& state, const char* guest, const char* path) {
  const Site site(guest);
  Caller caller;
  const Request request = caller.request(path);
  for ([[maybe_unused]] auto _ : state) {
    Instance instance = caller.instance(site);
    Caller::run(instance);
    instance.begin(request, &caller.host);
    if (Caller::run(instance) != PollStep::Idle) state.SkipWithError("faulted");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_FreshCall, hello, "hello", "/hello?x=1");

[[maybe_unused]] const bool kWithComponent = [] {
  const char* const component = std::getenv("PEAR_BENCH_COMPONENT");
  if (component == nullptr) return false;
  benchmark::RegisterBenchmark("BM_WarmCall/component", BM_WarmCall, component, "/");
  benchmark::RegisterBenchmark("BM_FreshCall/component", BM_FreshCall, component, "/");
  return true;
}();

void BM_FreshInstance(benchmark::State& state) {
  const Site site("hello");
  Caller caller;
  for ([[maybe_unused]] auto _ : state) {
    Instance instance = caller.instance(site);
    if (Caller::run(instance) != PollStep::Idle) state.SkipWithError("faulted");
  }
}
BENCHMARK(BM_FreshInstance);

// From the slice that traps to a successor that is ready.
void BM_Heal(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const Site site("probe_faults");
  Caller caller;
  const Request trap = caller.request("/unreachable");
  std::vector<double> micros;
  for ([[maybe_unused]] auto _ : state) {
    auto doomed = std::make_unique<Instance>(caller.instance(site));
    Caller::run(*doomed);
    doomed->begin(trap, &caller.host);
    const auto begin = Clock::now();
    if (Caller::run(*doomed) != PollStep::Faulted) state.SkipWithError("did not fault");
    doomed.reset();
    Instance successor = caller.instance(site);
    if (Caller::run(successor) != PollStep::Idle) state.SkipWithError("faulted");
    const std::chrono::duration<double> took = Clock::now() - begin;
    state.SetIterationTime(took.count());
    micros.push_back(took.count() * 1e6);
  }
  std::ranges::sort(micros);
  state.counters["p99_us"] = micros[micros.size() * 99 / 100];
}
BENCHMARK(BM_Heal)->UseManualTime();

}  // namespace
}  // namespace pear::engine

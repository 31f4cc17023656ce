// One request of a warm cage through everything but other cores: socket, parser, router, pool,
// cage, a guest of the engine, serialiser, socket. One thread plays client and core, so that the
// time is the whole price, and every `operator new` of the C++ side is counted.
//
// Goal: no allocation per request. PEAR_BENCH_COMPONENT=FILE is asked for "/" instead of the
// engine's own hello.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/assert.h"
#include "base/log/log_writer.h"
#include "data/cage/wasm/wasm_guest.h"
#include "data/core.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "io/socket.h"

namespace {
std::uint64_t g_allocations = 0;  // Of this program, which has one thread that allocates.
}

// Not inlined: the compiler would see malloc and free where it expects new and delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++g_allocations;
  void* const place = std::malloc(size == 0 ? 1 : size);
  PEAR_ASSERT(place != nullptr, "a benchmark has memory");
  return place;
}
[[gnu::noinline]] void operator delete(void* place) noexcept {
  std::free(place);
}
[[gnu::noinline]] void operator delete(void* place, std::size_t /*size*/) noexcept {
  std::free(place);
}

namespace pear::server {
namespace {

std::vector<std::uint8_t> component() {
  const char* const given = std::getenv("PEAR_BENCH_COMPONENT");
  std::ifstream file(given != nullptr ? given : PEAR_ENGINE_GUESTS "/hello.component.wasm",
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One core with one site, driven turn by turn.
class Bench {
 public:
  explicit Bench(const config::RequestRates& rates) {
    site_.rate_limit = rates;
    engine::prepare_thread();
    site_.name = "bench";
    site_.cages = 1;
    site_.run.isolation = config::Isolation::Cage;
    site_.run.max_requests_per_instance = 1'000'000'000;
    settings_.log.access = false;
    settings_.http.requests_per_connection_max = 1'000'000'000;
    auto listener = io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0), {});
    const io::SocketAddress address = *io::SocketAddress::of_socket(listener->get());
    core_.listen(*std::move(listener), data::listener::Security::Plain);
    publish();
    client_ = *io::start_connect(address);
    while (!started()) core_.turn(io::Reactor::Wait::No);
  }
  ~Bench() {
    client_.reset();
    core_.stop();
    core_.run();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  Bench(Bench&&) = delete;
  Bench& operator=(Bench&&) = delete;

  // False: the answer is not 200.
  bool ask() {
    static constexpr std::string_view kRequest =
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench/1\r\nAccept: */*\r\n\r\n";
    static_cast<void>(io::send(client_.get(), kRequest));
    while (true) {
      core_.turn(io::Reactor::Wait::No);
      const io::Transfer got = io::receive(client_.get(), answer_);
      if (got.status == io::Transfer::Status::WouldBlock) continue;
      return got.status == io::Transfer::Status::Done &&
             std::string_view(answer_.data(), got.bytes).starts_with("HTTP/1.1 200 ");
    }
  }

 private:
  void publish() {
    auto site = std::make_shared<model::Site>();
    site->settings = site_;
    site->metrics = std::make_shared<model::SiteMetrics>();
    site->metrics->by_core.push_back(std::make_unique<model::SiteCounters>());
    site->cages.push_back({.cage = CageId{1}, .counters = std::make_shared<model::CageCounters>()});
    auto table = std::make_shared<model::SiteTable>();
    table->sites.push_back(site);
    std::vector<model::RouteTable::Conflict> conflicts;
    table->routes = model::RouteTable::build(
        {{.host = "", .path = "/...", .site = SiteId{0}, .index = 0}}, &conflicts);
    send(data::PublishSites{.sites = table});
    const engine::OwnedBytes code = engine::Image::compile(*engine_, component()).value();
    send(data::SpawnCage{.cage = CageId{1},
                         .site = SiteId{0},
                         .image = engine::Image::load(engine_, code.bytes(), {}).value()});
  }
  bool started() {
    const auto event = events_.try_pop();
    return event && std::holds_alternative<data::CageStarted>(*event);
  }
  void send(data::CoreCommand command) {
    PEAR_ASSERT(commands_.try_push(std::move(command)) != base::PushResult::Full, "few commands");
  }

  std::shared_ptr<const engine::Engine> engine_ = engine::Engine::make({}).value();
  engine::Ticker ticker_{engine_};
  engine::InstanceCount instances_{100};
  engine::Reaper reaper_;
  config::ServerSettings settings_;
  config::SiteSettings site_;
  std::unique_ptr<log::LogWriter> log_ = *log::LogWriter::open({});
  log::Logger logger_{log_->add_channel(1U << 20U), {}};
  std::unique_ptr<io::Reactor> reactor_ = *io::Reactor::open();
  cage::WasmGuestMaker maker_{{.instances = instances_, .ticker = ticker_, .reaper = reaper_},
                              reactor_->waker()};
  base::SpscRing<data::CoreCommand> commands_{16};
  base::SpscRing<data::CoreEvent> events_{256};
  data::HopMesh mesh_{1, 16};
  model::CoreCounters counters_;
  security::SharedLimits limits_{settings_, {1, 2}};
  data::Core core_{{.settings = settings_,
                    .reactor = *reactor_,
                    .maker = maker_,
                    .commands = commands_,
                    .events = events_,
                    .control = reactor_->waker(),
                    .mesh = mesh_,
                    .counters = counters_,
                    .logger = logger_,
                    .limits = limits_}};
  io::UniqueFd client_;
  std::array<char, 4096> answer_{};
};

void BM_WarmRequest(benchmark::State& state, const config::RequestRates& rates) {
  Bench bench(rates);
  for (int i = 0; i < 100; ++i) {
    if (!bench.ask()) state.SkipWithError("no 200");
  }
  const std::uint64_t before = g_allocations;
  for ([[maybe_unused]] auto _ : state) {
    if (!bench.ask()) state.SkipWithError("no 200");
  }
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(g_allocations - before),
                                                     benchmark::Counter::kAvgIterations);
}
constexpr config::Rate kNeverMet{
    .count = 1'000'000, .period = std::chrono::seconds(1), .burst = 1'000'000};
BENCHMARK_CAPTURE(BM_WarmRequest, plain, config::RequestRates{});
BENCHMARK_CAPTURE(BM_WarmRequest, with_rates,
                  config::RequestRates{
                      .per_address = kNeverMet, .per_prefix = kNeverMet, .total = kNeverMet});

}  // namespace
}  // namespace pear::server

// What TLS costs the server: handshakes, records, memory of a connection that rests.
//
// Handshakes count the server's calls only (both sides run on one thread): times are manual.
#include <chrono>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "io/clock.h"
#include "io/tls/client_context.h"
#include "io/tls/server_contexts.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace pear::io::tls {
namespace {

struct World {
  explicit World(ClientOptions options = {.verify = ClientOptions::Verify::Off})
      : client(must_load(options)) {}
  TestCertificates certificates;
  TestCore core;
  std::shared_ptr<const ServerContexts> contexts =
      must_load(ContextOptions{.certificates = {certificates.make({})}});
  std::unique_ptr<ClientContext> client;
};

// The server's share of one handshake, with accepting, and one response.
std::chrono::nanoseconds serve_one(World& world) {
  auto [client_fd, server_fd] = socket_pair();
  auto client = Session::connect(*world.client, "example.com", world.core.client);
  static_cast<void>(client->handshake(client_fd.get()));
  auto from = io::thread_cpu_time();
  auto server = Session::accept(world.contexts, world.core.server);
  static_cast<void>(server->handshake(server_fd.get()));
  auto spent = io::thread_cpu_time() - from;
  PEAR_ASSERT(client->handshake(client_fd.get()) == Session::Progress::Done, "it fits");
  from = io::thread_cpu_time();
  PEAR_ASSERT(server->handshake(server_fd.get()) == Session::Progress::Done, "it fits");
  static_cast<void>(send_text(*server, server_fd.get(), "hello"));
  spent += io::thread_cpu_time() - from;
  static_cast<void>(read_all(*client, client_fd.get()));
  return spent;
}

void BM_Handshake(benchmark::State& state, ClientOptions::Resume resume) {
  World world({.verify = ClientOptions::Verify::Off, .resume = resume});
  static_cast<void>(serve_one(world));
  for ([[maybe_unused]] auto _ : state) {
    const auto spent = serve_one(world);
    state.SetIterationTime(std::chrono::duration<double>(spent).count());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_Handshake, full, ClientOptions::Resume::No)->UseManualTime();
BENCHMARK_CAPTURE(BM_Handshake, resumed, ClientOptions::Resume::LastTicket)->UseManualTime();

// One message from the client to the server and one back: four system calls, two records sealed
// and two opened.
void BM_Echo(benchmark::State& state) {
  World world;
  TestPair pair(world.core, world.contexts, *world.client);
  PEAR_ASSERT(pair.shake_hands().done(), "it fits");
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  std::vector<char> buffer(65'536);
  for ([[maybe_unused]] auto _ : state) {
    static_cast<void>(send_text(*pair.client, pair.client_fd.get(), text));
    benchmark::DoNotOptimize(pair.server->receive(pair.server_fd.get(), buffer));
    static_cast<void>(send_text(*pair.server, pair.server_fd.get(), text));
    benchmark::DoNotOptimize(pair.client->receive(pair.client_fd.get(), buffer));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 2);
}
BENCHMARK(BM_Echo)->Arg(200)->Arg(16'384);

// The same bytes without TLS, to subtract.
void BM_EchoPlain(benchmark::State& state) {
  auto [left, right] = socket_pair();
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  std::vector<char> buffer(65'536);
  for ([[maybe_unused]] auto _ : state) {
    static_cast<void>(io::send(left.get(), std::span<const char>(text)));
    benchmark::DoNotOptimize(io::receive(right.get(), buffer));
    static_cast<void>(io::send(right.get(), std::span<const char>(text)));
    benchmark::DoNotOptimize(io::receive(left.get(), buffer));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 2);
}
BENCHMARK(BM_EchoPlain)->Arg(200)->Arg(16'384);

}  // namespace
}  // namespace pear::io::tls

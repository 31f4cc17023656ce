// Cost of one access line on the core: formatting it into the channel. Draining is the writer's.
#include <string>

#include <benchmark/benchmark.h>

#include "base/log/logger.h"

namespace pear::log {
namespace {

void BM_AccessLine(benchmark::State& state, const std::string& path) {
  auto signal = std::move(LogSignal::open()).value();
  LogChannel channel(1U << 20U, *signal);
  Logger logger(channel, {.core = CoreId{3}});
  const Access access{
      .subject = {.site = "shop", .cage = CageId{7}, .exchange = ExchangeId{123456}},
      .method = "GET",
      .host = "shop.example.com",
      .path = path,
      .status = 200,
      .bytes_in = 0,
      .bytes_out = 5'120,
      .duration = std::chrono::microseconds(312),
      .queue = std::chrono::microseconds(4),
      .cpu = std::chrono::microseconds(120),
      .client = "192.0.2.17",
      .protocol = "http/1.1",
      .trace = "4bf92f3577b34da6a3ce929d0e0e4736"};
  WallTime now{std::chrono::seconds(1'795'384'862)};
  for ([[maybe_unused]] auto _ : state) {
    now += std::chrono::microseconds(10);
    logger.access(now, access);
    while (channel.ring().peek()) channel.ring().consume();
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(BM_AccessLine, typical, std::string("/products/4711?color=green&size=m"));
BENCHMARK_CAPTURE(BM_AccessLine, long_path, "/" + std::string(900, 'x'));
BENCHMARK_CAPTURE(BM_AccessLine, hostile_path, std::string(300, '\x01'));

}  // namespace
}  // namespace pear::log

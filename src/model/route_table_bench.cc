// Cost of finding the site of a request. It is paid once a request.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "model/route_table.h"

namespace pear::model {
namespace {

RouteTable table_of_sites(int sites) {
  std::vector<Route> routes;
  for (int i = 0; i < sites; ++i) {
    for (const char* path : {"/", "/api/:kind/:id", "/static/...", "/..."}) {
      routes.push_back({.host = fmt::format("site-{}.example.com", i),
                        .path = path,
                        .site = SiteId(i),
                        .index = 0});
    }
  }
  routes.push_back({.host = "*.example.org", .path = "/...", .site = SiteId(sites), .index = 0});
  return RouteTable::build(routes, nullptr);
}

void BM_Match(benchmark::State& state, const std::string& host, const std::string& path) {
  const RouteTable table = table_of_sites(static_cast<int>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) {
    auto match = table.match(host, path);
    benchmark::DoNotOptimize(match);
  }
  state.SetItemsProcessed(state.iterations());
}

std::string hostile_path() {
  std::string path;
  for (int i = 0; i < 4'096; ++i) path += "/a";
  return path;
}

BENCHMARK_CAPTURE(BM_Match, root, "site-0.example.com", "/")->Arg(1)->Arg(1'000);
BENCHMARK_CAPTURE(BM_Match, parameters, "site-0.example.com", "/api/user/17")->Arg(1)->Arg(1'000);
BENCHMARK_CAPTURE(BM_Match, rest, "site-0.example.com", "/static/css/a.css")->Arg(1)->Arg(1'000);
BENCHMARK_CAPTURE(BM_Match, wildcard, "a.b.example.org", "/")->Arg(1'000);
BENCHMARK_CAPTURE(BM_Match, unknown_host, "a.b.c.d.e.test", "/")->Arg(1'000);
BENCHMARK_CAPTURE(BM_Match, hostile_path, "site-0.example.com", hostile_path())->Arg(1'000);
BENCHMARK_CAPTURE(BM_Match, hostile_host, std::string(8'192, '.'), "/")->Arg(1'000);

}  // namespace
}  // namespace pear::model

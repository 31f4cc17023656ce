// What the tests of run_load() share: a plan for a server of their own, and what it answers.
//
// Thread: the test's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "load/fake_server.h"
#include "load/run.h"

namespace pear::load {

using std::chrono::milliseconds;

inline Plan plan_for(const FakeServer& server) {
  Plan plan;
  plan.target = *parse_target(server.url());
  plan.connections = 4;
  plan.bound = {.duration = milliseconds(20'000), .requests = 100};
  return plan;
}

inline std::uint64_t count_of(const Outcome& outcome, Failure failure) {
  return outcome.failures[static_cast<std::size_t>(failure)];
}

inline FakeServer::Respond always(const FakeResponse& response) {
  return [response](std::string_view, std::uint64_t) { return response; };
}

}  // namespace pear::load

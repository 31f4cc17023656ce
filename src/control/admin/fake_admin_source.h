// FakeAdminSource: one site on two cores, in any state that a test wants, for the tests of the
// admin resources.
//
// Thread:  one.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "control/admin/admin_source.h"
#include "control/supervisor/fake_cores.h"
#include "control/supervisor/supervisor.h"

namespace pear::admin {

class FakeAdminSource final : public AdminSource {
 public:
  explicit FakeAdminSource(std::string site_name = "shop") {
    auto settings = std::make_shared<config::SiteSettings>();
    settings->name = site_name;
    supervisor.deploy(SiteId{0}, {.settings = std::move(settings), .digest = "abc123"}, now);
    metrics.push_back(std::make_shared<model::SiteMetrics>());
    metrics[0]->name = std::move(site_name);
    for (int core = 0; core < 2; ++core) {
      metrics[0]->by_core.push_back(std::make_unique<model::SiteCounters>());
    }
  }

  void start_all() {
    for (const CageId id : cores.in_state(model::CageState::Initializing)) cores.start(id);
    cores.deliver(supervisor, now);
  }

  [[nodiscard]] AdminView view() const override {
    return {.version = "1.2.3",
            .started_at = now - std::chrono::seconds(90),
            .now = now,
            .draining = draining,
            .ready = !draining && supervisor::all_run(supervisor),
            .sites = standings(supervisor, wanted),
            .supervisor = supervisor,
            .metrics = metrics,
            .cores = counters};
  }
  bool restart_site(std::string_view name) override {
    restarted.emplace_back(name);
    return name == metrics[0]->name;
  }

  MonotonicTime now{std::chrono::hours(1)};
  supervisor::FakeCores cores;
  supervisor::Supervisor supervisor{{.cores = 2}, cores, cores};
  std::vector<std::shared_ptr<model::SiteMetrics>> metrics;
  std::array<model::CoreCounters, 2> core_counters;
  std::vector<const model::CoreCounters*> counters{&core_counters[0], &core_counters[1]};
  bool draining = false;
  std::vector<WantedSite> wanted;
  std::vector<std::string> restarted;
};

}  // namespace pear::admin

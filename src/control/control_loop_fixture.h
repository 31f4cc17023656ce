// The control loop with its reactor and worker, against cores that do what they are told.
#pragma once

#include <deque>
#include <map>
#include <semaphore>
#include <string>

#include <gtest/gtest.h>

#include "base/log/log_channel.h"
#include "control/control_loop.h"
#include "control/supervisor/fake_cores.h"
#include "io/clock.h"
#include "io/socket.h"

namespace pear::control {
using model::CageState;

// Images by the path of their source; broken.wasm is refused, slow.wasm takes until it is released.
class FakeImages final : public ImageLoader {
 public:
  std::expected<LoadedImage, std::string> load(const config::SiteSettings& site) override {
    if (site.source == "broken.wasm") return std::unexpected("broken.wasm is no component");
    if (site.source == "slow.wasm") slow_is_made.acquire();
    return LoadedImage{.digest = site.source.string()};
  }

  std::expected<LoadedImage, std::string> load_last(const config::SiteSettings& site) override {
    if (site.name != "lasting") return std::unexpected("it never ran");
    return LoadedImage{.digest = "the last one"};
  }
  void remember(std::string_view /*site*/, const engine::Image& /*image*/) override {}

  std::uint64_t fingerprint(const config::SiteSettings& site) override {
    return std::hash<std::string>()(site.source.string()) | 1U;
  }

  std::binary_semaphore slow_is_made{0};
};

inline config::SiteSettings site(std::string name, std::string source, std::uint32_t cages = 2) {
  config::SiteSettings settings;
  settings.name = name;
  settings.hosts = {name + ".example.com"};
  settings.source = std::move(source);
  settings.cages = cages;
  return settings;
}

inline std::shared_ptr<const config::Settings> settings_of(
    std::vector<config::SiteSettings> sites) {
  auto settings = std::make_shared<config::Settings>();
  settings->sites = std::move(sites);
  return settings;
}

class ControlLoopTest : public testing::Test {
 protected:
  static constexpr std::size_t kCores = 2;

  struct FakeCore {
    base::SpscRing<data::CoreCommand> commands{64};
    base::SpscRing<data::CoreEvent> events{64};
    std::unique_ptr<io::Reactor> reactor = std::move(io::Reactor::open()).value();
    model::CoreCounters counters;
    std::shared_ptr<const model::SiteTable> table;
    bool draining = false;
  };

  std::vector<CoreLink> links() {
    std::vector<CoreLink> made;
    for (FakeCore& core : cores_) {
      made.push_back({core.commands, core.events, core.reactor->waker(), core.counters});
    }
    return made;
  }

  // The cores do what they are told and report.
  void run_cores() {
    for (std::size_t i = 0; i < kCores; ++i) {
      FakeCore& core = cores_[i];
      core.counters.turns.add();
      while (auto command = core.commands.try_pop()) {
        if (auto* const publish = std::get_if<data::PublishSites>(&*command)) {
          core.table = publish->sites;
        } else if (std::holds_alternative<data::DrainCore>(*command)) {
          core.draining = true;
        } else {
          if (auto* const spawn = std::get_if<data::SpawnCage>(&*command))
            expect_placed(core, *spawn);
          guests_.send(CoreId{static_cast<std::uint16_t>(i)}, std::move(*command));
        }
      }
    }
    while (!guests_.reports.empty()) {
      auto& report = guests_.reports.front();
      auto& events = cores_[static_cast<std::uint16_t>(report.core)].events;
      EXPECT_NE(events.try_push(std::move(report.event)), base::PushResult::Full);
      guests_.reports.pop_front();
    }
  }
  // The core knows a cage from the table that came before.
  static void expect_placed(const FakeCore& core, const data::SpawnCage& spawn) {
    ASSERT_NE(core.table, nullptr);
    const auto& entry = core.table->sites[static_cast<std::uint32_t>(spawn.site)];
    ASSERT_NE(entry, nullptr);
    EXPECT_TRUE(std::ranges::any_of(
        entry->cages, [&](const model::CagePlace& place) { return place.cage == spawn.cage; }));
  }

  // Turns until `done`; the worker and the timers wake the loop.
  template <typename Done>
  void run_until(Done done) {
    for (int i = 0; i < 2'000 && !done(); ++i) {
      control_.turn_now();
      run_cores();
      if (!done() && i % 4 == 3) control_.turn();
    }
    ASSERT_TRUE(done());
  }
  ApplyReport apply(std::shared_ptr<const config::Settings> settings) {
    std::optional<ApplyReport> report;
    control_.apply(std::move(settings), [&](const ApplyReport& made) { report = made; });
    run_until([&] { return report.has_value(); });
    return report.value_or(ApplyReport{});
  }
  std::string log_text() {
    std::string text;
    while (const auto line = channel_.ring().peek()) {
      text += *line;
      channel_.ring().consume();
    }
    return text;
  }
  const model::Site& served(std::string_view name) {
    for (const auto& entry : cores_[0].table->sites) {
      if (entry != nullptr && entry->settings.name == name) return *entry;
    }
    ADD_FAILURE() << name << " is not served";
    return *cores_[0].table->sites[0];
  }

  std::array<FakeCore, kCores> cores_;
  supervisor::FakeCores guests_;
  FakeImages images_;
  std::unique_ptr<log::LogSignal> signal_ = std::move(log::LogSignal::open()).value();
  log::LogChannel channel_{256U << 10U, *signal_};
  log::Logger logger_{channel_, {.level = log::Level::Debug}};
  std::unique_ptr<io::Reactor> reactor_ = std::move(io::Reactor::open()).value();
  ControlLoop control_{{.version = "1.2.3"},
                       {.reactor = *reactor_,
                        .cores = links(),
                        .images = images_,
                        .logger = logger_,
                        .wall_time = io::wall_time}};
};

}  // namespace pear::control

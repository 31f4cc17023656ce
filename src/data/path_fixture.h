// PathTest: the request path and the cages of one core, without sockets and in made-up time: what
// happens is what the test says, in the order in which it says so.
//
// Thread: core-local, in tests.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include <gtest/gtest.h>

#include "base/log/log_writer.h"
#include "base/vital_signs.h"
#include "data/cage/cage_set.h"
#include "data/cage/fake_guest.h"
#include "data/request_path.h"
#include "data/security/shared_limits.h"
#include "io/timer_wheel.h"
#include "io/unique_fd.h"

namespace pear::data {

class PathTest : public testing::Test, public CageLink, public cage::CageOutlet {
 public:
  // One request as its client sees it. It takes what it is sent, unless it `stands`.
  class Client final : public protocol::Stream {
   public:
    explicit Client(RequestPath& path) : path_(path) {}
    ~Client() { leave(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client(Client&&) = delete;
    Client& operator=(Client&&) = delete;

    void on_response(Exchange& told) override {
      if (told.response.head_ready) status = told.response.status;
      if (!stands) take(BodyChunk::kBytes * 1'000);
      over = told.response.ended || told.response.cut;
      complete = told.response.ended;
      if (over && told.response.body.empty()) leave();
    }
    void on_interim(Exchange& /*told*/) override {}
    [[nodiscard]] std::uint64_t section_max() const override { return kAnySize; }
    void on_request_room(Exchange& /*told*/) override {}

    // Takes so many bytes of what has come.
    void take(std::size_t bytes) {
      while (exchange != nullptr && bytes > 0 && !exchange->response.body.empty()) {
        const std::string_view front = exchange->response.body.front()->view().substr(0, bytes);
        body += front;
        bytes -= front.size();
        exchange->response.body.read(front.size());
        if (exchange->response.body.front()->view().empty()) {
          path_.sent(*exchange, exchange->response.body.pop());
        }
      }
    }
    void leave() {
      if (Exchange* const left = std::exchange(exchange, nullptr)) path_.close(*left);
    }

    Exchange* exchange = nullptr;  // Open until the client has all, or leaves.
    std::string body;
    std::uint16_t status = 0;
    bool stands = false;    // It takes nothing by itself.
    bool over = false;      // No more will come,
    bool complete = false;  // and it was all.

   private:
    RequestPath& path_;
  };

  ~PathTest() override = default;
  PathTest(const PathTest&) = delete;
  PathTest& operator=(const PathTest&) = delete;
  PathTest(PathTest&&) = delete;
  PathTest& operator=(PathTest&&) = delete;

 protected:
  PathTest()
      : log_file_(::memfd_create("log", MFD_CLOEXEC)),
        log_(*log::LogWriter::open({.fd = log_file_.get()})),
        logger_(log_->add_channel(1U << 20U), {}) {
    settings_.log.access = false;
    settings_.http.connections_max = 1'000;
    settings_.rate_limit.entries = 1'024;
    site_.name = "shop";
    site_.cages = 1;
    site_.heal.check = {};
    time_.now = time_.turn = engine_.clock;
  }

  // While what the guests' scripts refer to is still there.
  void TearDown() override {
    if (path_ == nullptr) return;
    clients_.clear();
    cages_->end_all();
    settle();
    cages_->tidy();
  }

  void start() {
    limits_ = std::make_unique<security::SharedLimits>(settings_, security::KeyedHash::Key{1, 2});
    notices_ = std::make_unique<security::Notices>(
        security::Notices::Parts{.times = limits_->notices, .logger = logger_, .time = time_});
    rates_ = std::make_unique<security::RequestRates>(
        security::RequestRates::Parts{.settings = settings_,
                                      .limits = *limits_,
                                      .counters = counters_,
                                      .notices = *notices_,
                                      .time = time_});
    memory_ = std::make_unique<security::ClientMemory>(settings_, *limits_);
    cages_ = std::make_unique<cage::CageSet>(cage::CageSet::Parts{.core = CoreId{0},
                                                                  .signs = signs_,
                                                                  .maker = maker_,
                                                                  .outlet = *this,
                                                                  .time = time_,
                                                                  .timers = timers_,
                                                                  .chunks = chunks_,
                                                                  .blocks = blocks_});
    path_ = std::make_unique<RequestPath>(RequestPath::Parts{.core = CoreId{0},
                                                             .signs = signs_,
                                                             .settings = settings_,
                                                             .link = *this,
                                                             .timers = timers_,
                                                             .chunks = chunks_,
                                                             .blocks = blocks_,
                                                             .logger = logger_,
                                                             .rates = *rates_,
                                                             .notices = *notices_,
                                                             .memory = *memory_,
                                                             .memory_ended = counters_.memory_ended,
                                                             .time = time_});
    publish();
    for (const model::CagePlace& place : table_->sites[0]->cages) {
      cages_->spawn({.cage = place.cage, .site = SiteId{0}, .recover_credits = 1'000'000}, *table_);
    }
    settle();
  }

  // A request from `address`, begun but not yet settled.
  Client& ask(std::string_view path, std::string_view address = "192.0.2.1",
              bool has_body = false) {
    Client& client = *clients_.emplace_back(std::make_unique<Client>(*path_));
    Exchange* const exchange = path_->open(client, Protocol::Http2);
    client.exchange = exchange;
    exchange->client_address = *net::IpAddress::parse(address);
    exchange->client_hash = std::hash<std::string_view>()(address);
    const std::string_view target = exchange->arena.copy(path).value();
    exchange->request = {.method = has_body ? "POST" : "GET",
                         .scheme = "http",
                         .authority = "a",
                         .host = "a",
                         .path_with_query = target,
                         .path = target};
    exchange->request.has_body = has_body;
    exchange->request_ended = !has_body;
    path_->start(*exchange);
    return client;
  }

  // Goes on until nothing happens any more by itself.
  void settle() {
    for (int quiet = 0; quiet < 2; ++quiet) {
      if (timers_.advance(time_.now) > 0) quiet = 0;
      path_->deliver_news();
      while (cages_->run_one()) {
        path_->deliver_news();
        quiet = 0;
      }
      if (path_->has_waiting()) path_->serve_waiting();
      path_->deliver_news();
      if (path_->settle_memory()) quiet = 0;
      if (cages_->has_runnable()) quiet = 0;
    }
  }
  // So much time passes, in steps.
  void pass(std::chrono::nanoseconds time) {
    constexpr std::chrono::milliseconds kStep{1};
    for (const MonotonicTime end = time_.now + time; time_.now < end;) {
      time_.now += kStep;
      time_.turn = time_.now;
      engine_.clock = std::max(engine_.clock, time_.now);
      settle();
    }
  }
  void forget_clients_that_left() {
    std::erase_if(clients_, [](const auto& client) { return client->exchange == nullptr; });
  }

  [[nodiscard]] model::CageCounters& cage_counters(std::size_t cage = 0) const {
    return *table_->sites[0]->cages[cage].counters;
  }
  [[nodiscard]] model::SiteCounters& counters() { return *metrics_->by_core[0]; }

  void to_cage(CoreId /*core*/, const HopRecord& record) override { cages_->apply(record); }
  void to_exchange(const HopRecord& record) override { path_->apply(record); }
  void event(CoreEvent event) override { events_.push_back(std::move(event)); }
  void guest_line(const model::Site& /*site*/, CageId /*cage*/, ExchangeId /*exchange*/,
                  cage::LogStream /*stream*/, std::string_view /*line*/) override {}

  io::UniqueFd log_file_;
  std::unique_ptr<log::LogWriter> log_;
  log::Logger logger_;
  config::ServerSettings settings_;
  config::SiteSettings site_;
  cage::FakeEngine engine_;
  cage::FakeGuestMaker maker_{engine_};
  base::VitalSigns signs_;  // Nobody looks at them.
  TurnTime time_;
  io::TimerWheel timers_{time_.now};
  BodyChunkPool chunks_{CoreId{0}};
  base::ArenaBlockPool blocks_;
  model::CoreCounters counters_;
  decltype(model::Site::metrics) metrics_ = [] {
    auto metrics = std::make_shared<model::SiteMetrics>();
    metrics->by_core.push_back(std::make_unique<model::SiteCounters>());
    return metrics;
  }();
  std::vector<CoreEvent> events_;
  std::shared_ptr<const model::SiteTable> table_;
  std::unique_ptr<security::SharedLimits> limits_;
  std::unique_ptr<security::Notices> notices_;
  std::unique_ptr<security::RequestRates> rates_;
  std::unique_ptr<security::ClientMemory> memory_;
  std::unique_ptr<cage::CageSet> cages_;
  std::unique_ptr<RequestPath> path_;
  std::vector<std::unique_ptr<Client>> clients_;

 private:
  void publish() {
    auto site = std::make_shared<model::Site>();
    site->settings = site_;
    site->metrics = metrics_;
    for (std::uint32_t i = 0; i < site_.cages; ++i) {
      site->cages.push_back({.cage = CageId{i + 1},
                             .core = CoreId{0},
                             .counters = std::make_shared<model::CageCounters>()});
    }
    auto table = std::make_shared<model::SiteTable>();
    table->sites.push_back(std::move(site));
    std::vector<model::RouteTable::Conflict> conflicts;
    table->routes = model::RouteTable::build(
        {{.host = "", .path = "/...", .site = SiteId{0}, .index = 0}}, &conflicts);
    table_ = table;
    path_->publish(table_);
  }
};

}  // namespace pear::data

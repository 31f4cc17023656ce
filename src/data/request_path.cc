#include "data/request_path.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/response/about_server.h"
#include "data/response/early_hints.h"
#include "data/response/https_rules.h"
#include "model/path_readings.h"

namespace pear::data {

using pool::Pool;
using response::Cause;

struct RequestPath::Stage {
  std::string_view name;  // Also the name of the stage in metrics, the log and the admin UI.
  Step (RequestPath::*run)(Exchange&);
};

// The request path, in order. The listener and the protocols come before it: they turn bytes into
// an exchange. Each row names the folder in src/data/ that does the work. After the cage the pump
// carries the bodies.
constexpr std::array<RequestPath::Stage, RequestPath::kStageCount> RequestPath::kStages{{
    {.name = "router", .run = &RequestPath::match_route},
    {.name = "security", .run = &RequestPath::screen},
    {.name = "pool", .run = &RequestPath::lease_cage},
    {.name = "cage", .run = &RequestPath::enter_cage},
}};

void RequestPath::advance(Exchange& exchange) {
  static_assert(kStages[kPoolStage].name == "pool" && kStages[kCageStage].name == "cage");
  while (exchange.stage < kStageCount) {
    switch ((this->*kStages[exchange.stage].run)(exchange)) {
      case Step::Next:
        ++exchange.stage;
        break;
      case Step::Wait:
      case Step::Answered:
        return;
    }
  }
}

RequestPath::Step RequestPath::match_route(Exchange& exchange) {
  if (exchange.request.path == "*") {  // Only OPTIONS may have it.
    answer_without_guest(exchange);
    response::answer_about_server(exchange);
    add_edge_fields(exchange);
    return Step::Answered;
  }
  if (exchange.snapshot == nullptr) {
    exchange.snapshot = snapshot_.get();
    exchange.snapshot->hold();
  }
  const model::SiteTable& table = exchange.snapshot->table();
  const auto match = table.routes.match(exchange.request.host, exchange.request.path);
  if (!match) {
    answer(exchange, Cause::NoSite);
    return Step::Answered;
  }
  exchange.site = table.sites[std::to_underlying(match->site)].get();
  exchange.route = match->route;
  if (!exchange.request.path_has_one_reading && !is_read_alike(exchange, *match)) {
    answer(exchange, Cause::AmbiguousPath);
    return Step::Answered;
  }
  if (response::lacks_certificate(exchange)) {
    answer(exchange, Cause::Misdirected);
    return Step::Answered;
  }
  if (response::wants_redirect(exchange)) {
    // A configuration that was read again may send clients to what only a start can open.
    if (parts_.settings.https.empty()) {
      answer(exchange, Cause::Misdirected);
      return Step::Answered;
    }
    answer_without_guest(exchange);
    response::answer_redirect(exchange, parts_.settings.https.front().port);
    return Step::Answered;
  }
  if (response::came_too_early(exchange)) {
    answer(exchange, Cause::TooEarly);
    return Step::Answered;
  }
  return Step::Next;
}

bool RequestPath::is_read_alike(Exchange& exchange, const model::RouteMatch& match) {
  const Request& request = exchange.request;
  auto* const scratch = static_cast<char*>(exchange.arena.alloc(request.path.size(), 1));
  return scratch != nullptr &&
         model::is_read_alike(exchange.snapshot->table(),
                              {.host = request.host, .path = request.path, .match = match},
                              {scratch, request.path.size()});
}

RequestPath::Step RequestPath::screen(Exchange& exchange) {
  // One that looks again in a new table has been asked.
  if (std::exchange(exchange.screened, true)) return Step::Next;
  const auto wait = parts_.rates.wait_for(exchange, *counters_of(exchange));
  if (!wait) {
    response::give_early_hints(exchange);
    return Step::Next;
  }
  answer(exchange, Cause::TooManyRequests, std::chrono::ceil<std::chrono::seconds>(*wait));
  return Step::Answered;
}

RequestPath::Step RequestPath::lease_cage(Exchange& exchange) {
  switch (pool_.lease(
      exchange,
      {.core_is_behind = core_is_behind_, .body_is_here = body_is_here(exchange), .now = now()})) {
    case Pool::Answer::Leased:
      exchange.cancel();
      return Step::Next;
    case Pool::Answer::Waiting:
      // One that came back to the queue with a new table keeps its deadline.
      if (!exchange.armed()) {
        parts_.timers.arm(exchange, now() + exchange.site->settings.limits.queue_timeout);
      }
      if (Exchange* const surplus = pool_.surplus(*exchange.site)) {
        counters_of(*surplus)->queue_full.add();
        refuse(*surplus, Cause::QueueFull);
      }
      return Step::Wait;
    case Pool::Answer::AwaitsBody:
      // Its connection waits for the body, with a deadline of its own.
      exchange.cancel();
      if (Exchange* const slowest = pool_.surplus_body(*exchange.site)) {
        refuse(*slowest, Cause::BodyTimeout);
      }
      return Step::Wait;
    case Pool::Answer::QueueFull:
      counters_of(exchange)->queue_full.add();
      answer(exchange, Cause::QueueFull);
      return Step::Answered;
    case Pool::Answer::Behind:
      counters_of(exchange)->shed.add();
      parts_.notices.shed(exchange);
      answer(exchange, Cause::Overload);
      return Step::Answered;
    case Pool::Answer::NoCage:
      answer(exchange, Cause::NoCage);
      return Step::Answered;
  }
  PEAR_UNREACHABLE("an answer of the pool without a step");
}

RequestPath::Step RequestPath::enter_cage(Exchange& exchange) {
  exchange.link = Exchange::Link::Asked;
  exchange.cage = exchange.place->cage;
  exchange.cage_core = exchange.place->core;
  parts_.link.to_cage(exchange.cage_core,
                      {.kind = HopKind::Start, .cage = exchange.cage, .exchange = &exchange});
  // The answer, Accepted or Refused, goes on from here (pump.cc). A cage of this core has given it
  // already.
  return Step::Wait;
}

namespace {

// Room for a head and for trailers as long as they may be, each as it came and as what is made of
// it, and for what the edge adds.
std::size_t arena_max_of(const config::HttpLimits& http) {
  constexpr std::size_t kOfEdge = 64UL * 1024;
  return 4 * (http.header_max.count + http.fields_max * sizeof(http::Field)) + kOfEdge;
}

}  // namespace

RequestPath::RequestPath(const Parts& parts)
    : parts_(parts),
      next_id_((std::uint64_t{std::to_underlying(parts.core)} << 48U) |
               (static_cast<std::uint64_t>(parts.time.now.time_since_epoch().count()) &
                0x0000ffffffff0000U)),
      // Requests that wait, and those whose guest goes on after its response, need theirs too.
      exchanges_(std::size_t{2} * parts.settings.http.connections_max),
      pool_(parts.core),
      snapshot_(std::make_unique<SnapshotPin>(std::make_shared<const model::SiteTable>())),
      arena_max_(arena_max_of(parts.settings.http)) {}

RequestPath::~RequestPath() {
  PEAR_ASSERT(exchanges_.live() == 0, "cut_all() and the cages come before the path's end");
}

void RequestPath::publish(std::shared_ptr<const model::SiteTable> sites) {
  std::erase_if(old_snapshots_, [](const auto& pin) { return !pin->in_use(); });
  old_snapshots_.push_back(
      std::exchange(snapshot_, std::make_unique<SnapshotPin>(std::move(sites))));
  // Those that wait in a queue look again, in the new table: their cages may be leaving.
  std::vector<Exchange*> waiting;
  for (Exchange& exchange : alive_) {
    if (exchange.base::ListHook<WaitTag>::linked()) waiting.push_back(&exchange);
  }
  for (Exchange* const exchange : waiting) {
    pool_.forget(*exchange);
    exchange->snapshot->let_go();
    exchange->snapshot = nullptr;
    exchange->site = nullptr;
    exchange->stage = 0;
    advance(*exchange);
  }
}

Exchange* RequestPath::open(protocol::Stream& stream, Protocol protocol) {
  Exchange* const exchange =
      exchanges_.create(ExchangeId{++next_id_}, parts_.core, *this, parts_.blocks, arena_max_);
  if (exchange == nullptr) return nullptr;
  exchange->stream = &stream;
  exchange->protocol = protocol;
  alive_.push_back(*exchange);
  return exchange;
}

void RequestPath::start(Exchange& exchange) {
  exchange.head_time = now();
  exchange.buffers_little = parts_.memory.is_short(exchange);
  const std::size_t head = exchange.arena.bytes_held();
  if (head > kSmallHead) parts_.memory.hold(exchange, head);
  advance(exchange);
}

void RequestPath::start_in(Exchange& exchange, const model::Site& site,
                           const model::CagePlace& place) {
  exchange.head_time = now();
  exchange.site = &site;
  exchange.place = &place;
  pool_.count_lease(exchange);
  exchange.stage = kCageStage;
  advance(exchange);
}

void RequestPath::start_refused(Exchange& exchange, Cause cause) {
  exchange.head_time = now();
  answer(exchange, cause);
}

void Exchange::on_timer(MonotonicTime /*now*/) {
  path.on_queue_timeout(*this);
}

void RequestPath::on_queue_timeout(Exchange& exchange) {
  pool_.forget(exchange);
  counters_of(exchange)->queue_timeout.add();
  const bool any_runs = std::ranges::any_of(exchange.site->cages, [](const auto& place) {
    return place.counters->state.load(std::memory_order_relaxed) == model::CageState::Running;
  });
  answer(exchange, any_runs ? Cause::QueueTimeout : Cause::NoCage);
}

void RequestPath::serve_waiting() {
  pool_.each_waiting_site([this](const model::Site& site) {
    while (Exchange* const exchange = pool_.retry(site, core_is_behind_)) {
      exchange->cancel();
      exchange->stage = kCageStage;
      advance(*exchange);
      // A cage of this core had no place after all: it is no use to ask again at once.
      if (exchange->base::ListHook<WaitTag>::linked()) break;
    }
  });
}

void RequestPath::refuse(Exchange& exchange, Cause cause) {
  abort(exchange);
  drop_response_body(exchange);
  answer(exchange, cause);
}

void RequestPath::abort(Exchange& exchange) {
  pool_.forget(exchange);
  exchange.cancel();
  drop_request_body(exchange);
  if (std::exchange(exchange.aborted, true)) return;
  if (exchange.link == Exchange::Link::Running) tell_cage(exchange, HopKind::Abort);
}

void RequestPath::answer(Exchange& exchange, Cause cause, std::chrono::seconds retry_after) {
  answer_without_guest(exchange);
  response::answer_error(exchange, cause, {.chunks = parts_.chunks, .retry_after = retry_after});
  parts_.memory.hold(exchange, sizeof(BodyChunk));
  add_edge_fields(exchange);
}

void RequestPath::add_edge_fields(Exchange& exchange) const {
  response::add_transport_security(exchange);
  if (parts_.http3_port != 0) response::add_alternative_service(exchange, parts_.http3_port);
}

// Whoever calls it makes the response.
void RequestPath::answer_without_guest(Exchange& exchange) {
  exchange.cancel();
  drop_request_body(exchange);
  exchange.stage = kStageCount;
  exchange.answered = true;
  exchange.response_news = true;
  note_news(exchange);
}

void RequestPath::close(Exchange& exchange) {
  exchange.stream = nullptr;
  exchange.base::ListHook<NewsTag>::unlink();
  exchange.done_time = now();
  drop_response_body(exchange);
  record(exchange);
  // A guest that has answered may go on, unless it still waits for the rest of the request.
  if (!exchange.response.ended || !exchange.request_ended) abort(exchange);
  free_if_over(exchange);
}

void RequestPath::free_if_over(Exchange& exchange) {
  using Link = Exchange::Link;
  if (exchange.stream != nullptr || exchange.request_chunks_out != 0) return;
  if (exchange.link != Link::None && exchange.link != Link::Over) return;
  if (exchange.link == Link::Over) tell_cage(exchange, HopKind::Release);
  if (exchange.snapshot != nullptr) exchange.snapshot->let_go();
  parts_.memory.forget(exchange);
  exchanges_.destroy(exchange);
}

bool RequestPath::settle_memory() {
  if (!parts_.memory.settle()) return false;
  bool any = false;
  while (Exchange* const exchange = parts_.memory.costliest()) {
    end_for_memory(*exchange);
    any = true;
  }
  return any;
}

// All that can be let go is let go now: a client that stands still may never hear of it.
void RequestPath::end_for_memory(Exchange& exchange) {
  parts_.notices.client_memory(exchange);
  parts_.memory_ended.add();
  abort(exchange);
  drop_response_body(exchange);
  if (exchange.stream == nullptr) return;
  if (!exchange.response.head_ready) return answer(exchange, Cause::ClientMemory);
  exchange.response.ended = false;
  exchange.response.cut = true;
  exchange.response_news = true;
  note_news(exchange);
}

std::uint64_t RequestPath::cut_all() {
  std::uint64_t cut = 0;
  for (Exchange& exchange : alive_) {
    if (exchange.aborted || exchange.link == Exchange::Link::Over) continue;
    abort(exchange);
    ++cut;
  }
  return cut;
}

model::SiteCounters* RequestPath::counters_of(const Exchange& exchange) const {
  if (exchange.site == nullptr) return nullptr;
  return exchange.site->metrics->by_core[std::to_underlying(parts_.core)].get();
}

}  // namespace pear::data

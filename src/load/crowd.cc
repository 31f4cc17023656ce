#include "load/crowd.h"

#include <algorithm>

#include "io/clock.h"

namespace pear::load {
namespace {

// How soon a crowd notices that all the others are complete, or that the hold is over.
constexpr std::chrono::milliseconds kTick{20};

// Everything counts.
constexpr CountedSpan kWhole{.begin = MonotonicTime{}, .end = MonotonicTime::max()};

}  // namespace

void CrowdGate::arrive(std::uint64_t connections) {
  connections_.fetch_add(connections);
  if (missing_.fetch_sub(1) != 1) return;
  on_all_open_(connections_.load());
  end_.store(io::now() + hold_);
}

bool CrowdGate::is_over(MonotonicTime now) const {
  return now >= end_.load();
}

Crowd::Crowd(const RunSetup& setup, std::uint32_t place, CrowdGate& gate)
    : setup_(setup),
      place_(place),
      gate_(gate),
      tally_(setup.plan, kWhole),
      tick_(io::Timer::calling<&Crowd::on_tick>(*this)) {}

Result<Outcome> Crowd::run() {
  auto made = make();
  if (!made) {
    gate_.arrive(0);  // The others wait for all.
    return std::unexpected(made.error());
  }
  const MonotonicTime begin = io::now();
  reactor_->timers().arm(tick_, begin);
  open_more();
  while (ended_ < connections_.size()) reactor_->turn();
  const MonotonicTime complete = io::now();
  gate_.arrive(open_now());
  while (!gate_.is_over(reactor_->now())) reactor_->turn();

  tally_.count_held(open_now());
  connections_.clear();
  tick_.cancel();
  kit_.reset();
  return tally_.finish(complete - begin);
}

Result<void> Crowd::make() {
  reactor_ = PEAR_TRY(io::Reactor::open());
  kit_ = PEAR_TRY(WireKit::make(*reactor_, setup_.wires));
  const std::uint32_t threads = setup_.plan.threads;
  const std::uint32_t all = setup_.plan.connections;
  const std::size_t count = all / threads + (place_ < all % threads ? 1 : 0);
  LoadConnection::Owner& owner = *this;
  for (std::size_t i = 0; i < count; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*kit_, owner, setup_.connection));
  }
  return {};
}

void Crowd::on_tick(MonotonicTime now) {
  reactor_->timers().arm(tick_, now + kTick);
}

void Crowd::open_more() {
  while (started_ < connections_.size() && started_ - ended_ < kOpeningMax) {
    const MonotonicTime now = io::now();
    const std::uint64_t index = place_ + started_ * setup_.plan.threads;
    LoadConnection& connection = *connections_[started_];
    ++started_;
    connection.start({.index = index,
                      .request = &setup_.workload.at(index),
                      .start = now,
                      .deadline = now + setup_.plan.timeout});
  }
}

void Crowd::on_ended() {
  ++ended_;
  open_more();
}

std::uint64_t Crowd::open_now() const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(connections_, [](const auto& each) { return each->is_open(); }));
}

void Crowd::on_opened(LoadConnection&, Handshake handshake) {
  tally_.count_connection(handshake);
}

void Crowd::on_answered(LoadConnection&, const Exchange& exchange, const Answer& answer) {
  tally_.count_answer(exchange, answer);
  on_ended();
}

void Crowd::on_failed(LoadConnection&, const Exchange& exchange, Failure failure) {
  tally_.count_failure(exchange, failure, io::now());
  on_ended();
}

// There is one connection for it, which the server does not want.
void Crowd::on_not_processed(LoadConnection& connection, const Exchange& exchange) {
  on_failed(connection, exchange, Failure::Rejected);
}

}  // namespace pear::load

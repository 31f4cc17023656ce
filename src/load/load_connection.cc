#include "load/load_connection.h"

#include <algorithm>

#include "base/assert.h"
#include "io/clock.h"

namespace pear::load {
namespace {

// How long a connection that has done its work waits for a ticket, for the next one.
constexpr std::chrono::milliseconds kLinger{200};

}  // namespace

LoadConnection::LoadConnection(WireKit& kit, Owner& owner, const Options& options)
    : kit_(kit),
      owner_(owner),
      options_(options),
      end_turn_(io::DeferredCall::calling<&LoadConnection::end_turn>(*this)),
      linger_(io::Timer::calling<&LoadConnection::on_linger_over>(*this)) {}

LoadConnection::~LoadConnection() {
  if (wire_ && !gone_) wire_->close();
}

// ---- Requests.

std::uint32_t LoadConnection::room() const {
  if (closing_ || gone_) return 0;
  if (options_.use == ConnectionUse::NewForEach) return wire_ || under_way_ > 0 ? 0 : 1;
  const std::uint32_t most =
      opened_ ? std::min(options_.streams, wire_->requests_max()) : options_.streams_at_first;
  return most > under_way_ ? most - under_way_ : 0;
}

LoadConnection::Slot& LoadConnection::free_slot() {
  if (free_.empty()) {
    return slots_.emplace_back(*this, static_cast<http::RequestTag>(slots_.size()));
  }
  const http::RequestTag tag = free_.back();
  free_.pop_back();
  return slots_[tag];
}

bool LoadConnection::wants_digest(const Slot& slot) const {
  return slot.exchange.request->expect.body && options_.make_digest != nullptr;
}

void LoadConnection::start(const Exchange& exchange) {
  PEAR_ASSERT(room() > 0, "the owner asks first");
  Slot& slot = free_slot();
  slot.state = Slot::State::Waiting;
  slot.exchange = exchange;
  slot.body_bytes = 0;
  if (wants_digest(slot)) {
    if (!slot.digest) slot.digest = options_.make_digest();
    slot.digest->restart();
  }
  ++under_way_;
  waiting_.push_back(slot.tag);
  kit_.reactor.timers().arm(slot.timeout, exchange.deadline);
  kit_.reactor.defer(end_turn_);
}

// ---- A turn's end.

void LoadConnection::end_turn() {
  if (!wire_ && !waiting_.empty()) {
    wire_ = kit_.make_wire(*this);
    wire_->open();
  }
  if (wire_ && !gone_) {
    send_waiting();
    wire_->flush();
  }
  if (!gone_ && wire_) close_if_done();
  if (gone_) drop_wire();
}

void LoadConnection::send_waiting() {
  while (!waiting_.empty() && !gone_) {
    Slot& slot = slots_[waiting_.front()];
    if (slot.state == Slot::State::Waiting) {
      switch (wire_->request(slot.tag, *slot.exchange.request)) {
        case Wire::Begun::Yes:
          slot.state = Slot::State::Sent;
          break;
        case Wire::Begun::Later:
          return;
        case Wire::Begun::Never:
          closing_ = true;
          waiting_.pop_front();
          give_back(slot);
          continue;
      }
    }
    waiting_.pop_front();
  }
}

void LoadConnection::close_if_done() {
  if (opened_ && wire_->requests_max() == 0) closing_ = true;
  if (!closing_ || under_way_ > 0) return;
  if (wire_->awaits_ticket() && !linger_.armed()) {
    kit_.reactor.timers().arm(linger_, kit_.reactor.now() + kLinger);
  }
  if (wire_->awaits_ticket()) return;
  wire_->close();
  gone_ = true;
}

void LoadConnection::on_linger_over(MonotonicTime) {
  if (!wire_ || gone_) return;
  wire_->close();
  gone_ = true;
  kit_.reactor.defer(end_turn_);
}

void LoadConnection::drop_wire() {
  linger_.cancel();
  wire_.reset();
  opened_ = false;
  closing_ = false;
  gone_ = false;
  waiting_.clear();  // Who waited was told.
  owner_.on_room(*this);
}

// ---- What the wire tells.

void LoadConnection::on_open(Handshake handshake) {
  opened_ = true;
  kit_.reactor.defer(end_turn_);
  owner_.on_opened(*this, handshake);
}

void LoadConnection::on_progress() {
  kit_.reactor.defer(end_turn_);
}

void LoadConnection::on_gone(Failure why, std::string_view problem) {
  const bool was_open = opened_;
  gone_ = true;
  kit_.reactor.defer(end_turn_);
  if (why == Failure::Handshake && !problem.empty()) owner_.on_problem(problem);
  for (Slot& slot : slots_) {
    if (slot.state == Slot::State::Free) continue;
    // Nothing of it was sent.
    if (was_open && slot.state == Slot::State::Waiting) {
      give_back(slot);
    } else {
      fail(slot, why);
    }
  }
}

void LoadConnection::on_body(http::RequestTag tag, std::string_view piece) {
  Slot& slot = slots_[tag];
  slot.body_bytes += piece.size();
  if (wants_digest(slot)) slot.digest->add(piece);
}

void LoadConnection::on_end(http::RequestTag tag, http::RequestEnd end, std::uint16_t status) {
  Slot& slot = slots_[tag];
  switch (end) {
    case http::RequestEnd::Answered:
      return answer(slot, status);
    case http::RequestEnd::NotProcessed:
      return give_back(slot);
    case http::RequestEnd::Reset:
      return fail(slot, Failure::StreamReset);
    case http::RequestEnd::Broken:
      return fail(slot, Failure::BadAnswer);
  }
}

// ---- The ends of a request.

Exchange LoadConnection::release(Slot& slot) {
  slot.state = Slot::State::Free;
  slot.timeout.cancel();
  free_.push_back(slot.tag);
  --under_way_;
  if (options_.use == ConnectionUse::NewForEach) closing_ = true;
  kit_.reactor.defer(end_turn_);
  return slot.exchange;
}

void LoadConnection::answer(Slot& slot, std::uint16_t status) {
  Answer answer{.done = io::now(),
                .status = status,
                .traffic = wire_->take_traffic(),
                .body_bytes = slot.body_bytes};
  if (wants_digest(slot)) answer.body = slot.digest->finish();
  owner_.on_answered(*this, release(slot), answer);
}

void LoadConnection::give_back(Slot& slot) {
  owner_.on_not_processed(*this, release(slot));
}

void LoadConnection::fail(Slot& slot, Failure failure) {
  owner_.on_failed(*this, release(slot), failure);
}

void LoadConnection::time_out(Slot& slot) {
  const bool alone =
      slot.state == Slot::State::Waiting || !wire_ || gone_ || wire_->cancel(slot.tag);
  if (alone) {
    // A connection that has not opened in all that time is given up as well.
    const bool opening = wire_ && !opened_;
    if (opening) closing_ = true;
    fail(slot, opening ? Failure::Unreachable : Failure::TimedOut);
    return;
  }
  // Of one request at a time: nothing else is under way.
  wire_->close();
  gone_ = true;
  fail(slot, Failure::TimedOut);
}

}  // namespace pear::load

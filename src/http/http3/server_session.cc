#include "http/http3/server_session.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "http/http3/stream.h"

namespace pear::http3 {
namespace {

// The largest id that a GOAWAY may name: nothing is refused yet (RFC 9114, section 5.2).
constexpr StreamId kNothingRefused = (1ULL << 62U) - 4;

// What one sends and the other answers at once may go on for so long before others get their turn.
constexpr int kRounds = 8;

std::array<http::FloodRate, kFloods> rates_of(const FloodLimits& limits) {
  return {limits.resets, limits.priorities, limits.large_heads};
}

}  // namespace

SessionWorkspace::SessionWorkspace(const SessionOptions& options, std::size_t streams_max)
    : parts_(std::make_unique<Parts>(options, streams_max)) {}
SessionWorkspace::~SessionWorkspace() = default;

void SessionWorkspace::use(const SessionOptions& options) {
  parts_->options = options;
  parts_->builder.set_limits(options.head);
}

ServerSession::ServerSession(std::unique_ptr<Transport> transport, SessionOwner& owner,
                             SessionWorkspace& workspace)
    : transport_(std::move(transport)),
      owner_(owner),
      shared_(*workspace.parts_),
      floods_(rates_of(shared_.options.floods)) {}

ServerSession::~ServerSession() {
  while (!streams_.empty()) close(*streams_.back(), ErrorCode::NoError);
}

ServerSession::Stream* ServerSession::find(StreamId stream) const {
  const auto found = std::ranges::lower_bound(streams_, stream, {}, &Stream::id);
  return found != streams_.end() && (*found)->id == stream ? *found : nullptr;
}

void ServerSession::mark(Stream& stream) {
  if (std::exchange(stream.marked, true)) return;
  marked_.push_back(stream.id);
}

// ---- What has come.

void ServerSession::advance(MonotonicTime now) {
  now_ = now;
  take_state();
  if (opened_) run();
  if (!failed_) return;
  while (!streams_.empty()) close(*streams_.back(), ErrorCode::NoError);
}

void ServerSession::run() {
  for (int round = 0; round < kRounds && !failed_; ++round) {
    take_events();
    if (transport_->stops() != stops_) take_stops();
    while (const auto id = transport_->next_writable()) {
      if (Stream* const stream = find(*id)) mark(*stream);
    }
    if (marked_.empty()) break;
    shared_.marked.assign(marked_.begin(), marked_.end());
    marked_.clear();
    for (const StreamId id : shared_.marked) {
      Stream* const stream = find(id);
      if (stream == nullptr) continue;
      stream->marked = false;
      if (stream->readable) read_body(*stream);
      if (find(id) == stream) send(*stream);
    }
  }
  if (go_away_due_) send_go_away();
}

void ServerSession::take_state() {
  const Transport::State state = transport_->state();
  if (!failed_ && transport_->local_error()) {
    failed_ = true;
    owner_.on_offence(Offence::ProtocolError);
  }
  if (failed_ || state.closed || state.draining) {
    failed_ = true;
    return;
  }
  if (!opened_ && (state.established || state.early)) {
    opened_ = transport_->open_http3();
    if (!opened_) return close(ErrorCode::InternalError);
    established_ = state.established;
    owner_.on_open(state);
  } else if (!established_ && state.established) {
    established_ = true;
    owner_.on_open(state);
  }
}

void ServerSession::take_events() {
  while (!failed_) {
    const Transport::Event event = transport_->next_event();
    if (event.kind == Transport::EventKind::Nothing) return;
    take(event);
  }
}

void ServerSession::take(const Transport::Event& event) {
  using Kind = Transport::EventKind;
  Stream* const stream = find(event.stream);
  switch (event.kind) {
    case Kind::Nothing:
    case Kind::GoAway:  // Of a push id: none was ever sent.
      return;
    case Kind::Head:
      if (stream != nullptr) return take_trailers(*stream);
      if (note_begin(event.stream)) take_head(event);
      return;
    case Kind::Body:
      if (stream == nullptr) return transport_->stop_sending(event.stream, 0x100);
      stream->readable = true;
      return read_body(*stream);
    case Kind::End:
      if (stream == nullptr) return take_end_without_head(event.stream);
      if (!stream->request_ended) finish_request(*stream, {});
      return;
    case Kind::Reset:
      if (stream == nullptr) return take_reset_without_head(event.stream);
      return take_reset(*stream, ErrorCode{event.code});
    case Kind::Priority:
      return take_priority(event.stream);
    case Kind::Failed:
      failed_ = true;
      owner_.on_offence(Offence::ProtocolError);
      return;
  }
}

void ServerSession::take_stops() {
  stops_ = transport_->stops();
  for (std::size_t i = streams_.size(); i > 0 && !failed_; --i) {
    Stream& stream = *streams_[i - 1];
    if (transport_->is_stopped(stream.id)) take_reset(stream, ErrorCode::RequestCancelled);
  }
}

bool ServerSession::count(Offence offence) {
  if (floods_.count(static_cast<std::size_t>(offence), now_)) return true;
  owner_.on_offence(offence);
  close(ErrorCode::ExcessiveLoad);
  return false;
}

// ---- For the owners of streams.

void ServerSession::resume(StreamId id) {
  if (Stream* const stream = find(id)) mark(*stream);
}

void ServerSession::consume(StreamId id, std::size_t bytes) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  PEAR_ASSERT(bytes <= stream->unconsumed, "more of a body was used up than there was");
  stream->unconsumed -= bytes;
  if (stream->readable) mark(*stream);
}

void ServerSession::reset(StreamId id, ErrorCode error) {
  Stream* const stream = find(id);
  if (stream == nullptr || std::exchange(stream->resetting, true)) return;
  stream->reset_code = error;
  stream->discards = true;
  mark(*stream);
}

// ---- The end.

void ServerSession::announce_shutdown() {
  go_away_ = kNothingRefused;
  go_away_due_ = true;
  if (opened_) send_go_away();
}

void ServerSession::finish_shutdown() {
  go_away_ = next_stream_;
  go_away_due_ = true;
  if (opened_) send_go_away();
}

void ServerSession::send_go_away() {
  go_away_due_ = transport_->go_away(go_away_) == Sent::Blocked;
}

void ServerSession::close(ErrorCode error) {
  failed_ = true;
  transport_->close(static_cast<std::uint64_t>(error));
}

}  // namespace pear::http3

// The pump: what RequestPath does between a connection and a guest once the guest runs. Request
// bodies go in as chunks, responses come out, and both sides wait for each other by credits.
//
// A request whose cage failed before any byte was sent, and whose body is still here, could be run
// again on a sibling from on_ended(): that is the place of a safe replay.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/cage/guest_run.h"
#include "data/request_path.h"
#include "data/response/https_rules.h"
#include "http/field_lines.h"

namespace pear::data {

using response::Cause;
using Link = Exchange::Link;

namespace {

base::SiteKey key_of(const Exchange& exchange) {
  return exchange.site == nullptr ? base::SiteKey::None : exchange.site->key;
}

}  // namespace

// ---- Towards the guest.

void RequestPath::tell_cage(Exchange& exchange, HopKind kind) {
  parts_.link.to_cage(exchange.cage_core,
                      {.kind = kind, .cage = exchange.cage, .run = exchange.run});
}

void RequestPath::body(Exchange& exchange, std::string_view bytes) {
  exchange.request_bytes += bytes.size();
  // Where nobody wants it any more, the rest of the body is only read past.
  if (exchange.aborted || exchange.answered || exchange.link == Link::Over) return;
  while (!bytes.empty()) {
    BodyChunk* chunk = exchange.request_body.back();
    if (chunk == nullptr || chunk->room() == 0) {
      chunk = parts_.chunks.take();
      parts_.memory.hold(exchange, sizeof(BodyChunk));
      exchange.request_body.push(chunk);
    }
    const std::size_t taken = chunk->append(bytes);
    exchange.request_body.grew(taken);
    bytes.remove_prefix(taken);
  }
  if (exchange.link == Link::Running) send_request_body(exchange);
  on_body_progress(exchange);
}

// A request that the pool has put aside is asked for again once its body is here.
void RequestPath::on_body_progress(Exchange& exchange) {
  if (!exchange.awaits_body || !body_is_here(exchange)) return;
  pool_.forget(exchange);
  advance(exchange);
}

void RequestPath::send_request_body(Exchange& exchange) {
  while (!exchange.request_body.empty()) {
    const bool may_grow = exchange.request_body.front()->room() > 0 && !exchange.request_ended;
    if (may_grow && exchange.request_chunks_out >= BodyChunk::kPartsOut) return;
    BodyChunk* const chunk = exchange.request_body.pop();
    ++exchange.request_chunks_out;
    exchange.request_bytes_out += chunk->end;
    parts_.link.to_cage(exchange.cage_core, {.kind = HopKind::RequestChunk,
                                             .cage = exchange.cage,
                                             .chunk = chunk,
                                             .run = exchange.run});
  }
}

bool RequestPath::needs_body(const Exchange& exchange) const {
  const bool guest_is_done = exchange.link == Link::Over || exchange.response.ended;
  return !exchange.request_ended && !exchange.answered && !exchange.aborted && !guest_is_done;
}

void RequestPath::body_cut(Exchange& exchange) {
  if (std::exchange(exchange.request_ended, true)) return;
  if (exchange.link == Link::Running && !exchange.aborted) {
    tell_cage(exchange, HopKind::RequestCut);
  }
}

bool RequestPath::wants_body(const Exchange& exchange) const {
  if (exchange.answered || exchange.aborted || exchange.link == Link::Over) return true;
  return exchange.request_body.bytes() + exchange.request_bytes_out <
         parts_.settings.http.request_buffer.count;
}

void RequestPath::body_end(Exchange& exchange) {
  if (std::exchange(exchange.request_ended, true)) return;
  if (exchange.link == Link::Running && !exchange.aborted) {
    send_request_body(exchange);
    tell_cage(exchange, HopKind::RequestEnd);
  }
  on_body_progress(exchange);
}

void RequestPath::sent(Exchange& exchange, BodyChunk* chunk) {
  parts_.memory.let_go(exchange, sizeof(BodyChunk));
  if (!chunk->from_guest) return parts_.chunks.give_back(chunk);
  parts_.link.to_cage(exchange.cage_core, {.kind = HopKind::ResponseChunkReturn,
                                           .cage = exchange.cage,
                                           .chunk = chunk,
                                           .run = exchange.run});
}

void RequestPath::drop_request_body(Exchange& exchange) {
  while (!exchange.request_body.empty()) {
    parts_.chunks.give_back(exchange.request_body.pop());
    parts_.memory.let_go(exchange, sizeof(BodyChunk));
  }
}

void RequestPath::drop_response_body(Exchange& exchange) {
  while (!exchange.response.body.empty()) sent(exchange, exchange.response.body.pop());
}

// ---- From the guest.

void RequestPath::note_news(Exchange& exchange) {
  if (exchange.stream == nullptr || exchange.base::ListHook<NewsTag>::linked()) return;
  news_.push_back(exchange);
}

void RequestPath::deliver_news() {
  while (Exchange* const exchange = news_.pop_front()) {
    const base::WorkFor work(parts_.signs, key_of(*exchange), base::Activity::Respond);
    // Either call may end the exchange: nothing of it is touched afterwards. Of two news the second
    // comes in its turn.
    if (std::exchange(exchange->request_room, false)) {
      if (exchange->response_news || exchange->interims != nullptr) news_.push_back(*exchange);
      exchange->stream->on_request_room(*exchange);
      continue;
    }
    if (exchange->interims != nullptr) exchange->stream->on_interim(*exchange);
    if (!std::exchange(exchange->response_news, false)) continue;
    exchange->stream->on_response(*exchange);
  }
}

void RequestPath::apply(const HopRecord& record) {
  Exchange& exchange = *record.exchange;
  const base::WorkFor work(parts_.signs, key_of(exchange), base::Activity::Respond);
  Response& response = exchange.response;
  const bool nobody_listens = exchange.aborted || exchange.answered || exchange.stream == nullptr;
  switch (record.kind) {
    case HopKind::Accepted:
      return on_accepted(exchange, record.run);
    case HopKind::Refused:
      return on_refused(exchange);
    case HopKind::ResponseInterim:
      if (nobody_listens) return;
      exchange.add_interim(*record.interim);
      return note_news(exchange);
    case HopKind::ResponseHead:
      if (nobody_listens) return;
      response.status = record.run->status;
      response.fields = record.run->fields;
      add_edge_fields(exchange);
      if (!client_takes(exchange, response.fields)) {
        response.fields = {};
        return refuse(exchange, Cause::ResponseTooLarge);
      }
      response.head_ready = true;
      break;
    case HopKind::ResponseChunk:
      parts_.memory.hold(exchange, sizeof(BodyChunk));
      if (nobody_listens) return sent(exchange, record.chunk);
      response.body_bytes += record.chunk->view().size();
      response.body.push(record.chunk);
      break;
    case HopKind::ResponseEnd:
      if (nobody_listens) return;
      response.trailers = record.run->trailers;
      response.ended = client_takes(exchange, response.trailers);
      response.cut = !response.ended;
      break;
    case HopKind::ResponseCut:
      exchange.outcome = record.outcome;
      if (nobody_listens) return;
      return on_cut(exchange, record);
    case HopKind::RequestChunkReturn:
      --exchange.request_chunks_out;
      exchange.request_bytes_out -= record.chunk->end;
      parts_.chunks.give_back(record.chunk);
      parts_.memory.let_go(exchange, sizeof(BodyChunk));
      if (exchange.link == Link::Running && !exchange.aborted) send_request_body(exchange);
      if (exchange.stream == nullptr) return free_if_over(exchange);
      exchange.request_room = true;
      return note_news(exchange);
    case HopKind::Ended:
      return on_ended(exchange, record);
    case HopKind::Start:
    case HopKind::RequestChunk:
    case HopKind::RequestEnd:
    case HopKind::RequestCut:
    case HopKind::Abort:
    case HopKind::ResponseChunkReturn:
    case HopKind::Release:
      PEAR_UNREACHABLE("a record for a cage came to the path");
  }
  exchange.response_news = true;
  note_news(exchange);
}

// Whether a head or trailers are within what the client has said to take. The fields that come with
// a head are in the calculation: ":status", "date", "content-length" and the edge's.
bool RequestPath::client_takes(const Exchange& exchange,
                               std::span<const http::Field> fields) const {
  constexpr std::uint64_t kOwnFieldsMax = 42 + 65 + 66;
  const std::uint64_t limit = exchange.stream->section_max();
  if (limit == protocol::Stream::kAnySize || fields.empty()) return true;
  std::uint64_t bytes = http::field_section_size(fields);
  if (!exchange.response.head_ready) {
    bytes += kOwnFieldsMax + http::field_section_size(exchange.response.edge_fields());
  }
  if (bytes <= limit) return true;
  parts_.notices.response_too_large(exchange, bytes, limit);
  return false;
}

void RequestPath::on_accepted(Exchange& exchange, cage::GuestRun* run) {
  exchange.link = Link::Running;
  exchange.run = run;
  exchange.stage = kStageCount;
  if (exchange.aborted) return tell_cage(exchange, HopKind::Abort);
  send_request_body(exchange);
  if (exchange.request_ended && exchange.request.has_body) {
    tell_cage(exchange, HopKind::RequestEnd);
  }
}

void RequestPath::on_refused(Exchange& exchange) {
  exchange.link = Link::None;
  pool_.give_back(exchange);
  if (exchange.stream == nullptr) return free_if_over(exchange);
  if (exchange.aborted) return;
  ++exchange.refused;
  exchange.stage = kPoolStage;
  advance(exchange);
}

void RequestPath::on_cut(Exchange& exchange, const HopRecord& record) {
  if (exchange.response.head_ready) {
    exchange.response.cut = true;
    exchange.response_news = true;
    return note_news(exchange);
  }
  drop_response_body(exchange);
  const bool denied =
      record.outcome == RunOutcome::GuestError && record.run->error_code == "HTTP-request-denied";
  answer(exchange, denied ? Cause::GuestDenied : response::cause_of(record.outcome));
}

void RequestPath::on_ended(Exchange& exchange, const HopRecord& record) {
  exchange.link = Link::Over;
  exchange.cpu = record.run->cpu;
  exchange.run_time = record.run->begun;
  drop_request_body(exchange);
  pool_.give_back(exchange);
  if (pool_.waiting() != 0) serve_waiting();
  free_if_over(exchange);
}

}  // namespace pear::data

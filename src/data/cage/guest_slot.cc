#include "data/cage/guest_slot.h"

#include <algorithm>
#include <memory>

#include "data/cage/cage.h"
#include "data/copy_fields.h"
#include "data/exchange.h"

namespace pear::cage {

using data::BodyChunk;
using data::copy_fields;
using data::HopKind;

void GuestSlot::take_turn() {
  cage.run_slice(*this);
}

bool GuestSlot::grow_memory(std::uint64_t delta) {
  if (!cage.charge(delta)) {
    growth_refused = true;
    if (run != nullptr) run->growth_refused = true;
    return false;
  }
  charged += delta;
  return true;
}

void GuestSlot::release_memory(std::uint64_t delta) {
  charged -= delta;
  cage.give_back(delta);
}

void GuestSlot::log(LogStream stream, std::string_view text) {
  const std::uint64_t max = cage.site().settings.limits.log_max.count;
  if (run != nullptr) {
    if (run->log_bytes >= max) {
      cage.site_on_core().counters.log_lines_dropped.add();
      return;
    }
    text = text.substr(0, max - run->log_bytes);
    run->log_bytes += text.size();
  }
  log::LineSplitter& splitter = stream == LogStream::Stdout ? stdout_ : stderr_;
  splitter.feed(text, [&](std::string_view line) { log_line(stream, line); });
}

void GuestSlot::end_lines() {
  stdout_.finish([&](std::string_view line) { log_line(LogStream::Stdout, line); });
  stderr_.finish([&](std::string_view line) { log_line(LogStream::Stderr, line); });
}

void GuestSlot::log_line(LogStream stream, std::string_view line) {
  const ExchangeId exchange = run == nullptr ? ExchangeId{} : run->exchange.id;
  cage.env().outlet.guest_line(cage.site(), cage.id(), exchange, stream, line);
}

// They lie in the run until the client has them, and so long the cage pays for them. What fits in
// the block that every run has is free.
std::optional<std::span<http::Field>> GuestSlot::keep(std::span<const http::Field> fields) {
  const std::size_t bytes = data::bytes_of_copies(fields);
  constexpr std::size_t kFree = 4096;
  if (bytes > kFree) {
    if (!cage.charge(bytes)) return std::nullopt;
    run->fields_charged += bytes;
  }
  return copy_fields(run->arena, fields);
}

bool GuestSlot::respond(std::uint16_t status, std::span<const http::Field> fields) {
  PEAR_ASSERT(run != nullptr && !run->head_given, "the bridge lets a guest respond once a call");
  const auto copies = keep(fields);
  if (!copies) return false;
  run->status = status;
  run->fields = *copies;
  run->head_given = true;
  run->progress = cage.env().time.now;
  cage.tell(HopKind::ResponseHead, *run);
  return true;
}

bool GuestSlot::inform(std::uint16_t status, std::span<const http::Field> fields) {
  PEAR_ASSERT(run != nullptr && !run->head_given, "the bridge lets a guest inform before its head");
  if (run->interims == GuestRun::kInterimsMax) return false;
  const auto copies = keep(fields);
  if (!copies) return false;
  ++run->interims;
  auto* const interim =
      run->arena.make<data::Interim>(data::Interim{.status = status, .fields = *copies});
  cage.env().outlet.to_exchange(
      {.kind = HopKind::ResponseInterim, .exchange = &run->exchange, .interim = interim});
  return true;
}

void GuestSlot::respond_with_error(std::string_view code) {
  PEAR_ASSERT(run != nullptr && !run->head_given, "the bridge lets a guest respond once a call");
  run->error_code = run->arena.copy(code).value_or("internal-error");
  run->cut = true;
  cage.tell(HopKind::ResponseCut, *run, data::RunOutcome::GuestError);
}

std::uint64_t GuestSlot::body_window() {
  if (run == nullptr || run->aborted || run->cut) return kClientGone;
  const std::uint64_t held = run->bytes_out + (run->filling == nullptr ? 0 : run->filling->end);
  const std::uint64_t max =
      run->exchange.buffers_little
          ? std::min(cage.env().response_buffer, BodyChunk::kPartsOut * BodyChunk::kBytes)
          : cage.env().response_buffer;
  if (held < max) return max - held;
  cage.wait_for_client(*run);
  return 0;
}

void GuestSlot::write_body(std::string_view bytes) {
  if (run == nullptr || run->aborted || run->cut) return;
  run->progress = cage.env().time.now;
  run->body_bytes += bytes.size();
  const std::uint64_t max = cage.site().settings.limits.response_max.count;
  if (max != 0 && run->body_bytes > max) {
    run->broken_limit = "the response is larger than limits.response_max";
    return;
  }
  while (!bytes.empty()) {
    if (run->filling == nullptr) run->filling = cage.env().chunks.take();
    bytes.remove_prefix(run->filling->append(bytes));
    if (run->filling->room() == 0) cage.seal(*run);
  }
}

void GuestSlot::finish_body(std::span<const http::Field> trailers) {
  if (run == nullptr || run->cut || !run->broken_limit.empty()) return;
  const auto copies = keep(trailers);
  if (!copies) {
    run->broken_limit =
        "no room for the response's trailers in what limits.memory leaves (raise it, or let the "
        "site write less)";
    return;
  }
  run->trailers = *copies;
  run->finished = true;
  cage.seal(*run);
  cage.tell(HopKind::ResponseEnd, *run);
}

void GuestSlot::abort_body() {
  if (run == nullptr || run->cut) return;
  cage.seal(*run);
  run->cut = true;
  cage.tell(HopKind::ResponseCut, *run, data::RunOutcome::Host);
}

BodyRead GuestSlot::read_body(std::uint64_t max, std::string_view* bytes) {
  *bytes = {};
  if (run == nullptr || run->aborted) return BodyRead::Failed;
  if (run->reading != nullptr) cage.return_request_chunk(*run);
  if (!body_readable()) return BodyRead::Pending;
  if (run->request_body.empty()) return run->request_cut ? BodyRead::Failed : BodyRead::End;
  run->progress = cage.env().time.now;
  BodyChunk* const chunk = run->request_body.front();
  *bytes = chunk->view().substr(0, max);
  run->request_body.read(bytes->size());
  if (chunk->view().empty()) run->reading = run->request_body.pop();
  return BodyRead::Bytes;
}

bool GuestSlot::body_readable() {
  if (run == nullptr || run->aborted) return true;
  if (run->request_ended || !run->request_body.empty()) return true;
  if (run->body_awaited == MonotonicTime{}) run->body_awaited = cage.env().time.now;
  cage.wait_for_client(*run);
  return false;
}

std::span<const http::Field> GuestSlot::request_trailers() {
  return run == nullptr ? std::span<const http::Field>() : run->exchange.request_trailers;
}

void GuestSlot::on_wake(MonotonicTime /*now*/) {
  cage.make_runnable(*this);
}

void GuestSlot::wake_at(MonotonicTime deadline) {
  cage.wake_slot_at(*this, deadline);
}

}  // namespace pear::cage

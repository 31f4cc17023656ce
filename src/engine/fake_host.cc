#include "engine/fake_host.h"

#include <algorithm>

namespace pear::engine {

FakeFields FakeHost::copied(const Field* fields, std::size_t count) {
  FakeFields made;
  for (std::size_t i = 0; i < count; ++i) {
    made.emplace_back(text_of(fields[i].name), text_of(fields[i].value));
  }
  return made;
}

PearRead FakeHost::read(std::uint64_t max, PearBytes* out_bytes) {
  if (body.empty()) return body_cut ? PEAR_READ_FAILED : PEAR_READ_END;
  if (body.front().empty()) return PEAR_READ_PENDING;
  std::string& front = body.front();
  piece_ = front.substr(0, max);
  front.erase(0, piece_.size());
  if (front.empty()) body.pop_front();
  *out_bytes = lend(piece_);
  return PEAR_READ_BYTES;
}

void FakeHost::pass_pending() {
  if (!body.empty() && body.front().empty()) body.pop_front();
}

void FakeHost::clear_response() {
  status = 0;
  fields.clear();
  interims.clear();
  response.clear();
  response_error.clear();
  response_trailers.clear();
  heads = flushes = finishes = aborts = 0;
}

const Host& FakeHost::table() {
  static constexpr Host kTable{
      .memory_grow =
          [](void* c, std::uint64_t delta) {
            if (of(c).memory_max - of(c).memory < delta) return false;
            of(c).memory += delta;
            return true;
          },
      .memory_release = [](void* c, std::uint64_t delta) { of(c).memory -= delta; },
      .log =
          [](void* c, PearStream stream, PearBytes text) {
            (stream == PEAR_STDOUT ? of(c).out : of(c).err) += text_of(text);
          },
      .response_head =
          [](void* c, std::uint16_t status, const PearField* fields, std::size_t count) {
            of(c).heads += 1;
            of(c).status = status;
            of(c).fields = copied(fields, count);
            return !of(c).refuse_head;
          },
      .response_interim =
          [](void* c, std::uint16_t status, const PearField* fields, std::size_t count) {
            if (of(c).refuse_interim) return false;
            of(c).interims += std::to_string(status);
            for (const auto& [name, value] : copied(fields, count)) {
              of(c).interims += " " + name + "=" + value;
            }
            of(c).interims += ";";
            return true;
          },
      .response_error = [](void* c, PearBytes code) { of(c).response_error = text_of(code); },
      .body_window = [](void* c) { return of(c).window; },
      .body_write =
          [](void* c, PearBytes bytes) {
            of(c).response += text_of(bytes);
            of(c).window -= std::min<std::uint64_t>(bytes.len, of(c).window);
          },
      .body_flush = [](void* c) { of(c).flushes += 1; },
      .body_finish =
          [](void* c, const PearField* trailers, std::size_t count) {
            of(c).finishes += 1;
            of(c).response_trailers = copied(trailers, count);
          },
      .body_abort = [](void* c) { of(c).aborts += 1; },
      .body_read = [](void* c, std::uint64_t max, PearBytes* out) { return of(c).read(max, out); },
      .body_readable = [](void* c) { return of(c).body.empty() || !of(c).body.front().empty(); },
      .body_trailers =
          [](void* c, const PearField** out) {
            auto& views = of(c).trailer_views_;
            views.clear();
            for (const auto& [name, value] : of(c).trailers) {
              views.push_back({.name = lend(name), .value = lend(value)});
            }
            *out = views.data();
            return views.size();
          },
      .wake_at = [](void* c, std::uint64_t deadline) { of(c).wake_deadline = deadline; }};
  return kTable;
}

}  // namespace pear::engine

#include "load/outcome.h"

#include <algorithm>
#include <numeric>

#include "base/assert.h"

namespace pear::load {

std::string_view to_text(Failure failure) {
  switch (failure) {
    case Failure::Refused:
      return "connection refused";
    case Failure::Unreachable:
      return "no connection";
    case Failure::Reset:
      return "connection lost";
    case Failure::TimedOut:
      return "timed out";
    case Failure::BadAnswer:
      return "answer not understood";
    case Failure::WrongStatus:
      return "status not expected";
    case Failure::WrongBody:
      return "body not expected";
    case Failure::NeverSent:
      return "never sent";
    case Failure::Handshake:
      return "TLS handshake failed";
    case Failure::StreamReset:
      return "request reset";
    case Failure::Aborted:
      return "connection ended with an error";
    case Failure::Rejected:
      return "rejected again and again";
  }
  PEAR_UNREACHABLE("every failure has a text");
}

std::string_view to_key(Failure failure) {
  switch (failure) {
    case Failure::Refused:
      return "refused";
    case Failure::Unreachable:
      return "unreachable";
    case Failure::Reset:
      return "reset";
    case Failure::TimedOut:
      return "timed_out";
    case Failure::BadAnswer:
      return "bad_answer";
    case Failure::WrongStatus:
      return "wrong_status";
    case Failure::WrongBody:
      return "wrong_body";
    case Failure::NeverSent:
      return "never_sent";
    case Failure::Handshake:
      return "handshake";
    case Failure::StreamReset:
      return "stream_reset";
    case Failure::Aborted:
      return "aborted";
    case Failure::Rejected:
      return "rejected";
  }
  PEAR_UNREACHABLE("every failure has a key");
}

void Outcome::merge(const Outcome& other) {
  answered += other.answered;
  answered_in_time += other.answered_in_time;
  for (std::size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
  for (std::size_t i = 0; i < statuses.size(); ++i) statuses[i] += other.statuses[i];
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
  body_bytes += other.body_bytes;
  connections_opened += other.connections_opened;
  for (std::size_t i = 0; i < handshakes.size(); ++i) handshakes[i] += other.handshakes[i];
  sent_again += other.sent_again;
  held += other.held;
  if (problem.empty()) problem = other.problem;
  late_starts += other.late_starts;
  late_max = std::max(late_max, other.late_max);
  elapsed = std::max(elapsed, other.elapsed);
  latency.merge(other.latency);
  if (timeline.size() < other.timeline.size()) timeline.resize(other.timeline.size());
  for (std::size_t i = 0; i < other.timeline.size(); ++i) {
    timeline[i].answered += other.timeline[i].answered;
    timeline[i].failed += other.timeline[i].failed;
    timeline[i].latency.merge(other.timeline[i].latency);
  }
  for (const Mismatch& mismatch : other.mismatches) add_mismatch(mismatch);
}

void Outcome::add_mismatch(const Mismatch& mismatch) {
  if (mismatches.size() == kMismatchesKept && mismatch.index >= mismatches.back().index) return;
  const auto place = std::ranges::upper_bound(mismatches, mismatch.index, {}, &Mismatch::index);
  mismatches.insert(place, mismatch);
  if (mismatches.size() > kMismatchesKept) mismatches.pop_back();
}

std::uint64_t Outcome::failed() const {
  return std::accumulate(failures.begin(), failures.end(), std::uint64_t{0});
}

double Outcome::rate_per_s() const {
  if (elapsed <= std::chrono::nanoseconds::zero()) return 0;
  return static_cast<double>(answered_in_time) * 1e9 / static_cast<double>(elapsed.count());
}

}  // namespace pear::load

#include "base/log/logger.h"

#include <algorithm>

#include "base/assert.h"
#include "base/log/json_line.h"

namespace pear::log {
namespace {

// What an access line can be at most: the bounded texts, ten numbers, the keys.
constexpr std::size_t kAccessBytesMax = kPathBytesMax + kHostBytesMax + 6 * kNameBytesMax + 768;
constexpr std::size_t kGuestLineBytesMax = kGuestBytesMax + kNameBytesMax + 256;
constexpr std::size_t kSummaryBytesMax = kNameBytesMax + 192;
static_assert(kAccessBytesMax <= kLineBytesMax && kGuestLineBytesMax <= kLineBytesMax);

std::uint64_t micros(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)) / 1000;
}

void write_subject(JsonLine& line, const Subject& subject, std::optional<CoreId> core) {
  if (!subject.site.empty()) line.text("site", subject.site, kNameBytesMax);
  if (subject.cage) line.number("cage", static_cast<std::uint32_t>(*subject.cage));
  if (core) line.number("core", static_cast<std::uint16_t>(*core));
  if (subject.exchange) line.number("id", static_cast<std::uint64_t>(*subject.exchange));
}

std::string_view plural_name(LineKind kind) {
  switch (kind) {
    case LineKind::Event:
      return "events";
    case LineKind::Access:
      return "requests";
    case LineKind::Guest:
      return "output";
  }
  PEAR_UNREACHABLE("a kind of line without a name");
}

void write_field(JsonLine& line, const Field& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    line.text(field.name, *text, kTextBytesMax);
  } else if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
    line.number(field.name, *number);
  } else if (const auto* signed_number = std::get_if<std::int64_t>(&field.value)) {
    line.signed_number(field.name, *signed_number);
  } else if (const auto* truth = std::get_if<bool>(&field.value)) {
    line.truth(field.name, *truth);
  }
}

}  // namespace

std::string_view Logger::stamp(WallTime now) {
  timestamp_.write(now, stamp_);
  return {stamp_.data(), stamp_.size()};
}

std::optional<std::span<char>> Logger::reserve(WallTime now, std::size_t bytes, LineKind kind,
                                               const Subject& subject) {
  report_drops(now);
  const LineOwner owner{.kind = kind, .site = subject.site_id};
  const auto room = channel_.reserve(std::min(bytes, channel_.line_bytes_max()), owner);
  if (!room) channel_.count_drop(owner, subject.site);
  return room;
}

// While there is no room for all of a summary it is left for later, with what is lost meanwhile.
void Logger::write_summaries(WallTime now) {
  const std::size_t bytes = std::min(kSummaryBytesMax, channel_.line_bytes_max());
  while (const auto room = channel_.reserve(bytes, {})) {
    const auto loss = channel_.shares().take_loss();
    if (!loss) return channel_.shares().end_report(now);
    JsonLine line(*room);
    line.plain("ts", stamp(now));
    line.plain("level", name(Level::Warning));
    line.plain("event", "log_dropped");
    write_subject(line, {.site = loss->site_name}, core_);
    line.plain("of", plural_name(loss->kind));
    line.number("lines", loss->lines);
    channel_.commit(line.finish());
  }
}

bool Logger::access(WallTime now, const Access& access) {
  if (!access_.load(std::memory_order_relaxed)) return true;
  const auto room = reserve(now, kAccessBytesMax, LineKind::Access, access.subject);
  if (!room) return false;
  JsonLine line(*room);
  line.plain("ts", stamp(now));
  line.plain("level", name(Level::Info));
  line.plain("event", "access");
  write_subject(line, access.subject, core_);
  line.text("method", access.method, kNameBytesMax);
  line.text("host", access.host, kHostBytesMax);
  line.text("path", access.path, kPathBytesMax);
  line.number("status", access.status);
  line.number("bytes_in", access.bytes_in);
  line.number("bytes_out", access.bytes_out);
  line.number("duration_us", micros(access.duration));
  line.number("queue_us", micros(access.queue));
  line.number("cpu_us", micros(access.cpu));
  line.text("client", access.client, kNameBytesMax);
  line.text("protocol", access.protocol, kNameBytesMax);
  if (!access.trace.empty()) line.text("trace", access.trace, kNameBytesMax);
  if (!access.fault.empty()) line.text("fault", access.fault, kNameBytesMax);
  channel_.commit(line.finish());
  return true;
}

void Logger::event(WallTime now, const Event& event, std::span<const Field> fields) {
  if (!wants(event.level)) return;
  const auto room = reserve(now, kLineBytesMax, LineKind::Event, event.subject);
  if (!room) return;
  JsonLine line(*room);
  line.plain("ts", stamp(now));
  line.plain("level", name(event.level));
  line.plain("event", event.name);
  write_subject(line, event.subject, core_);
  for (const Field& field : fields) write_field(line, field);
  if (!event.message.empty()) line.text("message", event.message, kTextBytesMax);
  channel_.commit(line.finish());
}

bool Logger::guest(WallTime now, const GuestLine& guest) {
  const auto room = reserve(now, kGuestLineBytesMax, LineKind::Guest, guest.subject);
  if (!room) return false;
  JsonLine line(*room);
  line.plain("ts", stamp(now));
  line.plain("level", name(Level::Info));
  line.plain("event", "guest");
  write_subject(line, guest.subject, core_);
  line.plain("stream", guest.stream == GuestStream::Stdout ? "stdout" : "stderr");
  line.text("message", guest.text, kGuestBytesMax);
  channel_.commit(line.finish());
  return true;
}

}  // namespace pear::log

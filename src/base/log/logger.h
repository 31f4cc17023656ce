// Logger: one thread's way to write log lines. A line is one JSON object; docs/operating/log.md has
// the schema.
//
// A line is formatted straight into the thread's channel and written out by the log writer. Nothing
// here waits: where the channel is full, or its site's share of it (log_shares.h), the line is
// dropped and counted, and once a second a line for each site says how many were lost.
//
// Thread:  one thread, the producer of its channel.
// Memory:  no allocation. Fields are bounded; longer ones are cut and end in "…".
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "base/log/level.h"
#include "base/log/log_channel.h"
#include "base/log/timestamp.h"
#include "base/time.h"

namespace pear::log {

// Bounds of fields, in bytes of escaped text.
inline constexpr std::size_t kNameBytesMax = 64;  // Names of sites, events, protocols, faults.
inline constexpr std::size_t kHostBytesMax = 256;
inline constexpr std::size_t kPathBytesMax = 1024;
inline constexpr std::size_t kTextBytesMax = 1024;   // Of message and of an event's own fields.
inline constexpr std::size_t kGuestBytesMax = 2048;  // One line of a guest.
inline constexpr std::size_t kLineBytesMax = 4096;   // Longer events lose their last fields.

// Who and what a line is about. What is not set, or empty, is not written.
struct Subject {
  std::string_view site;
  std::optional<SiteId> site_id = {};  // Whose share of the channel the line takes; not written.
  std::optional<CageId> cage;
  std::optional<ExchangeId> exchange;
};

// Views live until the call returns.
struct Access {
  Subject subject;
  std::string_view method;
  std::string_view host;
  std::string_view path;     // With the query, as the client sent it.
  std::uint16_t status = 0;  // 0: ended without one.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::chrono::nanoseconds duration{};
  std::chrono::nanoseconds queue{};
  std::chrono::nanoseconds cpu{};
  std::string_view client;    // Address of the peer, without its port.
  std::string_view protocol;  // "http/1.1", "h2", "h3".
  std::string_view trace;     // The trace id of traceparent.
  std::string_view fault;     // Of the guest, when it had one: "trap".
};

// An own field of an event. `name` is a literal of Pear.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::uint64_t, std::int64_t, bool> value;
};

struct Event {
  Level level = Level::Info;
  std::string_view name;  // A literal of Pear, snake_case: "cage_started".
  Subject subject;
  std::string_view message;  // A sentence for people; may be hostile.
};

enum class GuestStream : std::uint8_t { Stdout, Stderr };

// One line that a guest wrote, without its end (base/log/line_splitter.h makes lines of pieces).
struct GuestLine {
  Subject subject;
  GuestStream stream{};
  std::string_view text;
};

class Logger {
 public:
  struct Options {
    Level level = Level::Info;   // Events below it are not written.
    bool access = true;          // Whether requests are written.
    std::optional<CoreId> core;  // Written into each line.
  };

  // `channel` must outlive the logger.
  Logger(LogChannel& channel, Options options)
      : channel_(channel), level_(options.level), access_(options.access), core_(options.core) {}

  // Any thread. What is written from now on.
  void set(Level level, bool access) {
    level_.store(level, std::memory_order_relaxed);
    access_.store(access, std::memory_order_relaxed);
  }

  // Each is one line. `now` is the start of the turn or later; it is what the line says. False: the
  // line was lost.
  bool access(WallTime now, const Access& access);
  void event(WallTime now, const Event& event, std::span<const Field> fields = {});
  void event(WallTime now, const Event& event, std::initializer_list<Field> fields) {
    this->event(now, event, std::span(fields.begin(), fields.size()));
  }
  bool guest(WallTime now, const GuestLine& guest);

  // Says how many lines of whom were lost, if any were since it was last said. Cheap when none
  // were: for the end of each turn, so that the summary does not wait for another line.
  void report_drops(WallTime now) {
    if (channel_.shares().has_due(now)) [[unlikely]]
      write_summaries(now);
  }

  [[nodiscard]] bool wants(Level level) const {
    return level >= level_.load(std::memory_order_relaxed);
  }
  // Any thread. Lines lost since the start.
  [[nodiscard]] std::uint64_t dropped() const { return channel_.dropped(); }

 private:
  // Room for a line, behind the summaries of what was dropped before it.
  [[nodiscard]] std::optional<std::span<char>> reserve(WallTime now, std::size_t bytes,
                                                       LineKind kind, const Subject& subject);
  void write_summaries(WallTime now);
  [[nodiscard]] std::string_view stamp(WallTime now);

  LogChannel& channel_;
  std::atomic<Level> level_;
  std::atomic<bool> access_;
  std::optional<CoreId> core_;
  Timestamp timestamp_;
  std::array<char, Timestamp::kBytes> stamp_{};
};

}  // namespace pear::log

#include "load/replay.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/assert.h"
#include "http/field_rules.h"

namespace pear::load {

using std::chrono::nanoseconds;
using std::chrono::sys_seconds;

namespace {

// Reads a line from left to right. Each call takes one part or reports why it is not there.
class LineCursor {
 public:
  explicit LineCursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  // Up to the next space or the end.
  std::string_view word() {
    skip_spaces();
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    return take(end);
  }

  Result<std::string_view> bracketed() {
    skip_spaces();
    if (!rest_.starts_with('[')) return fail(ErrorKind::InvalidInput, "no [time] where it belongs");
    rest_.remove_prefix(1);
    const std::size_t end = rest_.find(']');
    if (end == std::string_view::npos) {
      return fail(ErrorKind::InvalidInput, "the [time] has no closing bracket");
    }
    const std::string_view inside = take(end);
    rest_.remove_prefix(1);
    return inside;
  }

  [[nodiscard]] bool next_is_quote() {
    skip_spaces();
    return rest_.starts_with('"');
  }

  Result<std::string> quoted() {
    if (!next_is_quote()) return fail(ErrorKind::InvalidInput, "no quoted string where it belongs");
    rest_.remove_prefix(1);
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"') {
        rest_.remove_prefix(1);
        return out;
      }
      out.push_back(c == '\\' ? unescaped() : c);
      rest_.remove_prefix(1);
    }
    return fail(ErrorKind::InvalidInput, "a quoted string has no end");
  }

 private:
  std::string_view take(std::size_t count) {
    const std::string_view part = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return part;
  }

  // At a backslash. Leaves the last byte of the sequence for the caller to remove. A sequence that
  // is none stands for itself.
  char unescaped() {
    if (rest_.size() >= 4 && rest_[1] == 'x') {
      const int high = http::hex_value(rest_[2]);
      const int low = http::hex_value(rest_[3]);
      if (high >= 0 && low >= 0) {
        rest_.remove_prefix(3);
        return static_cast<char>(high * 16 + low);
      }
    }
    if (rest_.size() >= 2 && (rest_[1] == '"' || rest_[1] == '\\')) {
      rest_.remove_prefix(1);
      return rest_.front();
    }
    return '\\';
  }

  std::string_view rest_;
};

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> parse_status(std::string_view text) {
  const auto status = parse_number<std::uint16_t>(text);
  if (text.size() != 3 || !status || *status < 100) return std::nullopt;
  return status;
}

std::optional<unsigned> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* found = std::ranges::find(kMonths, name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

// "22/Nov/2025:10:00:00 +0000", each part at its fixed place.
Result<sys_seconds> parse_time(std::string_view text) {
  constexpr StaticText kWrong = "the [time] is not of the form 22/Nov/2025:10:00:00 +0000";
  constexpr std::string_view kShape = "dd/Mmm/yyyy:hh:mm:ss +hhmm";
  if (text.size() != kShape.size() || text[2] != '/' || text[6] != '/' || text[11] != ':' ||
      text[14] != ':' || text[17] != ':' || text[20] != ' ' ||
      (text[21] != '+' && text[21] != '-')) {
    return fail(ErrorKind::InvalidInput, kWrong);
  }
  const auto day = parse_number<unsigned>(text.substr(0, 2));
  const auto month = month_number(text.substr(3, 3));
  const auto year = parse_number<unsigned>(text.substr(7, 4));
  const auto hour = parse_number<unsigned>(text.substr(12, 2));
  const auto minute = parse_number<unsigned>(text.substr(15, 2));
  const auto second = parse_number<unsigned>(text.substr(18, 2));
  const auto zone_hour = parse_number<unsigned>(text.substr(22, 2));
  const auto zone_minute = parse_number<unsigned>(text.substr(24, 2));
  if (!day || !month || !year || !hour || !minute || !second || !zone_hour || !zone_minute) {
    return fail(ErrorKind::InvalidInput, kWrong);
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok() || *year < 1970 || *year > 9000 || *hour > 23 || *minute > 59 || *second > 60 ||
      *zone_minute > 59) {
    return fail(ErrorKind::InvalidInput, kWrong);
  }
  const auto local = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                     std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  const auto zone = std::chrono::hours(*zone_hour) + std::chrono::minutes(*zone_minute);
  return text[21] == '+' ? local - zone : local + zone;
}

bool is_method_byte(char c) {
  return c >= 'A' && c <= 'Z';
}

// "GET /path HTTP/1.1"
Result<void> parse_request_line(std::string_view line, ReplayEntry* entry) {
  LineCursor cursor(line);
  const std::string_view method = cursor.word();
  const std::string_view target = cursor.word();
  const std::string_view version = cursor.word();
  cursor.skip_spaces();
  if (!version.starts_with("HTTP/") || !cursor.at_end()) {
    return fail(ErrorKind::InvalidInput, "the request is not of the form METHOD TARGET VERSION");
  }
  if (method.empty() || method == "CONNECT" || !std::ranges::all_of(method, is_method_byte)) {
    return fail(ErrorKind::InvalidInput, "the method cannot be sent");
  }
  if (!target.starts_with('/') || !http::all_in(target, http::CharacterClass::Target)) {
    return fail(ErrorKind::InvalidInput, "the target is no path that can be sent");
  }
  entry->method = method;
  entry->target = target;
  return {};
}

// A field value of the log that cannot be sent again is left out: it decides nothing.
std::string field_value(std::string_view text) {
  const std::string_view trimmed = http::trim_blanks(text);
  return trimmed == "-" || !http::is_field_value(trimmed) ? std::string() : std::string(trimmed);
}

Result<void> parse_expectations(LineCursor* cursor, Expectation* expect) {
  constexpr std::string_view kStatus = "expect=";
  constexpr std::string_view kBody = "sha256=";
  for (std::string_view word = cursor->word(); !word.empty(); word = cursor->word()) {
    if (word.starts_with(kStatus)) {
      expect->status = parse_status(word.substr(kStatus.size()));
      if (!expect->status) return fail(ErrorKind::InvalidInput, "expect= needs a status");
    } else if (word.starts_with(kBody)) {
      expect->body = parse_sha256(word.substr(kBody.size()));
      if (!expect->body) return fail(ErrorKind::InvalidInput, "sha256= needs 64 hex digits");
    } else {
      return fail(ErrorKind::InvalidInput, "after the log line only expect= and sha256= may stand");
    }
  }
  return {};
}

}  // namespace

std::optional<Sha256> parse_sha256(std::string_view hex) {
  Sha256 digest{};
  if (hex.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = http::hex_value(hex[2 * i]);
    const int low = http::hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

std::string to_hex(const Sha256& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(digest.size() * 2);
  for (const std::uint8_t byte : digest) {
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 0xfU]);
  }
  return out;
}

Result<ReplayEntry> parse_replay_line(std::string_view text) {
  if (text.size() > ReplayLog::kLineBytesMax) {
    return fail(ErrorKind::InvalidInput, "the line is longer than 32768 bytes");
  }
  ReplayEntry entry;
  LineCursor cursor(text);
  cursor.word();  // The client's address.
  cursor.word();  // The identity, always "-".
  cursor.word();  // The user.
  const std::string_view logged_at = PEAR_TRY(cursor.bracketed());
  entry.logged_at = PEAR_TRY(parse_time(logged_at));
  const std::string request = PEAR_TRY(cursor.quoted());
  PEAR_TRY(parse_request_line(request, &entry));
  const auto status = parse_status(cursor.word());
  if (!status) return fail(ErrorKind::InvalidInput, "no status where it belongs");
  entry.logged_status = *status;
  cursor.word();  // The size of the answer, or "-".
  if (cursor.next_is_quote()) {
    entry.referrer = field_value(PEAR_TRY(cursor.quoted()));
    entry.user_agent = field_value(PEAR_TRY(cursor.quoted()));
  }
  PEAR_TRY(parse_expectations(&cursor, &entry.expect));
  return entry;
}

Result<ReplayLog> parse_replay_log(std::string_view text) {
  ReplayLog log;
  std::uint64_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (++number > ReplayLog::kLinesMax) {
      return fail(ErrorKind::LimitExceeded, "the log has more than 10,000,000 lines");
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    auto entry = parse_replay_line(line);
    if (entry) {
      entry->line = number;
      log.entries.push_back(*std::move(entry));
      continue;
    }
    ++log.skipped_count;
    if (log.skipped.size() < ReplayLog::kSkippedKept) {
      log.skipped.push_back({.line = number, .reason = entry.error().detail.view()});
    }
  }
  if (log.entries.empty()) {
    return fail(ErrorKind::InvalidInput,
                "the log has no line that is a request in combined format");
  }
  return log;
}

std::vector<nanoseconds> replay_times(const std::vector<ReplayEntry>& entries, double speed) {
  PEAR_ASSERT(speed > 0, "the plan is checked before times are made");
  std::vector<nanoseconds> times;
  times.reserve(entries.size());
  if (entries.empty()) return times;
  const sys_seconds start = entries.front().logged_at;
  sys_seconds now = start;
  std::size_t i = 0;
  while (i < entries.size()) {
    now = std::max(now, entries[i].logged_at);
    std::size_t end = i + 1;
    while (end < entries.size() && entries[end].logged_at <= now) ++end;
    for (std::size_t k = i; k < end; ++k) {
      const double within = static_cast<double>(k - i) / static_cast<double>(end - i);
      const double second = static_cast<double>((now - start).count()) + within;
      times.emplace_back(static_cast<std::int64_t>(second / speed * 1e9));
    }
    i = end;
  }
  return times;
}

}  // namespace pear::load

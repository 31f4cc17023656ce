#include "http/date.h"

#include <algorithm>
#include <chrono>

namespace pear::http {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

void put(DateText* text, std::size_t at, std::string_view bytes) {
  std::ranges::copy(bytes, text->begin() + static_cast<std::ptrdiff_t>(at));
}

void put_two_digits(DateText* text, std::size_t at, unsigned value) {
  (*text)[at] = static_cast<char>('0' + value / 10 % 10);
  (*text)[at + 1] = static_cast<char>('0' + value % 10);
}

}  // namespace

DateText format_date(std::int64_t unix_seconds) {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::seconds;
  using std::chrono::sys_days;
  using std::chrono::sys_seconds;
  constexpr std::int64_t kFirst = -62'167'219'200;  // 0000-01-01 00:00:00.
  constexpr std::int64_t kLast = 253'402'300'799;   // 9999-12-31 23:59:59.

  const sys_seconds time(seconds(std::clamp(unix_seconds, kFirst, kLast)));
  const sys_days day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

  DateText text;
  put(&text, 0, "Sun, 00 Jan 0000 00:00:00 GMT");
  put(&text, 0, kDays.substr(std::size_t{3} * std::chrono::weekday(day).c_encoding(), 3));
  put_two_digits(&text, 5, static_cast<unsigned>(date.day()));
  put(&text, 8, kMonths.substr(std::size_t{3} * (static_cast<unsigned>(date.month()) - 1), 3));
  put_two_digits(&text, 12, year / 100);
  put_two_digits(&text, 14, year % 100);
  put_two_digits(&text, 17, static_cast<unsigned>(clock.hours().count()));
  put_two_digits(&text, 20, static_cast<unsigned>(clock.minutes().count()));
  put_two_digits(&text, 23, static_cast<unsigned>(clock.seconds().count()));
  return text;
}

}  // namespace pear::http

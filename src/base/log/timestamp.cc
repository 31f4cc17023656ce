#include "base/log/timestamp.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace pear::log {
namespace {

constexpr std::int64_t kFirstSecond = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

void write_digits(std::uint32_t number, std::span<char> out) {
  for (std::size_t i = out.size(); i > 0; --i) {
    out[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

void Timestamp::write(WallTime now, std::span<char, kBytes> out) {
  using std::chrono::floor;
  const auto second = floor<std::chrono::seconds>(now);
  const std::int64_t count =
      std::clamp<std::int64_t>(second.time_since_epoch().count(), kFirstSecond, kLastSecond);
  if (count != second_) write_second(count);

  std::memcpy(out.data(), prefix_.data(), kPrefixBytes);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - second);
  write_digits(static_cast<std::uint32_t>(micros.count()), out.subspan(kPrefixBytes, 6));
  out[kBytes - 1] = 'Z';
}

void Timestamp::write_second(std::int64_t second) {
  using std::chrono::days;
  const std::chrono::sys_seconds when{std::chrono::seconds(second)};
  const auto day = std::chrono::floor<days>(when);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{when - day};

  const std::span<char> out(prefix_);
  write_digits(static_cast<std::uint32_t>(static_cast<int>(date.year())), out.subspan(0, 4));
  out[4] = '-';
  write_digits(static_cast<unsigned>(date.month()), out.subspan(5, 2));
  out[7] = '-';
  write_digits(static_cast<unsigned>(date.day()), out.subspan(8, 2));
  out[10] = 'T';
  write_digits(static_cast<std::uint32_t>(clock.hours().count()), out.subspan(11, 2));
  out[13] = ':';
  write_digits(static_cast<std::uint32_t>(clock.minutes().count()), out.subspan(14, 2));
  out[16] = ':';
  write_digits(static_cast<std::uint32_t>(clock.seconds().count()), out.subspan(17, 2));
  out[19] = '.';
  second_ = second;
}

}  // namespace pear::log

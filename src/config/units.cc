#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <arpa/inet.h>

#include <fmt/format.h>

namespace pear::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
// Largest first, so that the first that divides is the shortest to read.
constexpr std::array<Unit, 5> kSizes{{{"TiB", 1ULL << 40U},
                                      {"GiB", 1ULL << 30U},
                                      {"MiB", 1ULL << 20U},
                                      {"KiB", 1ULL << 10U},
                                      {"B", 1}}};
constexpr std::array<Unit, 4> kTimes{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text,
                                             const std::array<Unit, N>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string_view name = text.substr(digits);
  if (name.starts_with(' ')) name.remove_prefix(1);
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (unit == units.end()) return std::nullopt;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (*number > kMax / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

template <std::size_t N>
std::string with_unit(std::uint64_t count, const std::array<Unit, N>& units) {
  if (count == 0) return fmt::format("0{}", units.back().name);
  const auto unit =
      std::ranges::find_if(units, [&](const Unit& u) { return count % u.factor == 0; });
  return fmt::format("{}{}", count / unit->factor, unit->name);
}

constexpr std::array<Unit, 3> kPeriods{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}};
constexpr std::string_view kBurst = " burst ";
constexpr std::string_view kAnyRate = "off";

std::optional<std::uint32_t> parse_count(std::string_view text) {
  const auto count = parse_number(text);
  if (!count || *count == 0 || *count > Rate::kCountMax) return std::nullopt;
  return static_cast<std::uint32_t>(*count);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::optional<Bytes> parse_size(std::string_view text) {
  const auto count = parse_with_unit(text, kSizes);
  if (!count) return std::nullopt;
  return Bytes{*count};
}

std::string to_text(Bytes size) {
  return with_unit(size.count, kSizes);
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto count = parse_with_unit(text, kTimes);
  if (!count) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(*count));
}

std::string to_text(milliseconds duration) {
  return with_unit(static_cast<std::uint64_t>(duration.count()), kTimes);
}

std::optional<DurationRange> parse_duration_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const auto first = parse_duration(text.substr(0, dots));
  const auto last = parse_duration(text.substr(dots + 2));
  if (!first || !last || *first > *last) return std::nullopt;
  return DurationRange{*first, *last};
}

std::string to_text(DurationRange range) {
  return fmt::format("{}..{}", to_text(range.first), to_text(range.second));
}

std::optional<Rate> parse_rate(std::string_view text) {
  if (text == kAnyRate) return Rate{};
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::size_t behind = std::min(text.find(kBurst), text.size());
  if (slash >= behind) return std::nullopt;
  const std::string_view name = text.substr(slash + 1, behind - slash - 1);
  const auto* const period = std::ranges::find(kPeriods, name, &Unit::name);
  const auto count = parse_count(text.substr(0, slash));
  const auto burst =
      behind == text.size() ? count : parse_count(text.substr(behind + kBurst.size()));
  if (period == kPeriods.end() || !count || !burst) return std::nullopt;
  return Rate{.count = *count, .period = milliseconds(period->factor), .burst = *burst};
}

std::string to_text(const Rate& rate) {
  if (rate.count == 0) return std::string(kAnyRate);
  const auto* const period =
      std::ranges::find(kPeriods, static_cast<std::uint64_t>(rate.period.count()), &Unit::factor);
  std::string text = fmt::format("{}/{}", rate.count, period->name);
  if (rate.burst != rate.count) text += fmt::format("{}{}", kBurst, rate.burst);
  return text;
}

std::optional<ListenAddress> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;

  std::string host(text.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  in_addr v4{};
  in6_addr v6{};
  const auto number = static_cast<std::uint16_t>(*port);
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1 && host.find('\0') == std::string::npos) {
    return ListenAddress{.host = host, .port = number};
  }
  if (host.size() < 2 || !host.starts_with('[') || !host.ends_with(']')) return std::nullopt;
  host = host.substr(1, host.size() - 2);
  if (host.find('\0') != std::string::npos || inet_pton(AF_INET6, host.c_str(), &v6) != 1) {
    return std::nullopt;
  }
  // One way to write each address, so that two that are the same compare equal.
  std::array<char, INET6_ADDRSTRLEN> shortest{};
  inet_ntop(AF_INET6, &v6, shortest.data(), shortest.size());
  return ListenAddress{.host = shortest.data(), .port = number};
}

std::string to_text(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace pear::config

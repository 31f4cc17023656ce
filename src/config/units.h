// Units: the text forms of sizes, times and addresses, and back.
//
// A number without a unit is refused on purpose: what `memory = 128` means is a guess.
//
// Thread: any (pure).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "config/settings.h"

namespace pear::config {

// "0B", "64KiB", "128 MiB". Units: B, KiB, MiB, GiB, TiB, as they are written.
[[nodiscard]] std::optional<Bytes> parse_size(std::string_view text);
// In the largest unit that gives a whole number.
[[nodiscard]] std::string to_text(Bytes size);

// "1000ms", "5s", "1m", "2h"; whole numbers.
[[nodiscard]] std::optional<milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string to_text(milliseconds duration);

// "1s..60s", the smaller first.
using DurationRange = std::pair<milliseconds, milliseconds>;
[[nodiscard]] std::optional<DurationRange> parse_duration_range(std::string_view text);
[[nodiscard]] std::string to_text(DurationRange range);

// "100/s", "60/m", "1000/h"; "100/s burst 200" where more or fewer than 100 may come at once;
// "off". Each number is 1 to Rate::kCountMax.
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);
[[nodiscard]] std::string to_text(const Rate& rate);

// "127.0.0.1:3000", "[::1]:3000", "localhost:3000" (127.0.0.1). Port 0: any that is free.
[[nodiscard]] std::optional<ListenAddress> parse_address(std::string_view text);
[[nodiscard]] std::string to_text(const ListenAddress& address);

// Digits only, within 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view digits);

}  // namespace pear::config

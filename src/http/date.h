// Dates in the one format that is sent: "Sun, 06 Nov 1994 08:49:37 GMT".
//
// Source: RFC 9110, section 5.6.7 (IMF-fixdate).
// Thread: any (pure). Who needs a date for each response keeps the text and makes a new one when
// the
//         second changes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pear::http {

inline constexpr std::size_t kDateBytes = 29;

using DateText = std::array<char, kDateBytes>;

// Of a count of seconds since 1970 in UTC, from year 0 to 9999; what lies outside is brought
// inside.
[[nodiscard]] DateText format_date(std::int64_t unix_seconds);

[[nodiscard]] constexpr std::string_view date_view(const DateText& text) {
  return {text.data(), text.size()};
}

}  // namespace pear::http

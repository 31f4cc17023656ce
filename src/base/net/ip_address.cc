#include "base/net/ip_address.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace pear::net {
namespace {

constexpr std::size_t kGroups = 8;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes up to `digits_max` digits from the front. Nothing where there is none.
std::optional<unsigned> take_number(std::string_view& text, unsigned base, unsigned digits_max) {
  unsigned number = 0;
  unsigned digits = 0;
  while (digits < digits_max && digits < text.size()) {
    const int value = hex_value(text[digits]);
    if (value < 0 || static_cast<unsigned>(value) >= base) break;
    number = number * base + static_cast<unsigned>(value);
    ++digits;
  }
  if (digits == 0 || (base == 10 && digits > 1 && text.front() == '0')) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto number = take_number(text, 10, 3);
    if (!number || *number > 255) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*number);
  }
  if (!text.empty()) return std::nullopt;
  return bytes;
}

// The groups of an IPv6 address as they are read.
struct Groups {
  std::array<std::uint16_t, kGroups> values{};
  std::size_t count = 0;
  std::size_t gap = kGroups + 1;  // Where "::" stands; past the end: nowhere.

  [[nodiscard]] bool has_gap() const { return gap <= kGroups; }
  [[nodiscard]] bool add(unsigned value) {
    if (count == kGroups) return false;
    values[count++] = static_cast<std::uint16_t>(value);
    return true;
  }
  // "::" stands for one group at least.
  [[nodiscard]] bool complete() const { return has_gap() ? count < kGroups : count == kGroups; }
};

// The next group, or the IPv4 address that the text ends with. False: neither.
bool take_group(std::string_view& text, Groups& groups) {
  const std::string_view from_here = text;
  const auto number = take_number(text, 16, 4);
  if (!number) return false;
  if (!text.starts_with('.')) return groups.add(*number);
  const auto ipv4 = parse_ipv4(from_here);
  text = {};
  return ipv4 && groups.add(unsigned{(*ipv4)[0]} << 8U | (*ipv4)[1]) &&
         groups.add(unsigned{(*ipv4)[2]} << 8U | (*ipv4)[3]);
}

std::optional<Groups> parse_groups(std::string_view text) {
  Groups groups;
  if (text.starts_with("::")) {
    groups.gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (!take_group(text, groups)) return std::nullopt;
    if (text.empty()) break;
    if (!text.starts_with(':') || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
    if (!text.starts_with(':')) continue;
    if (groups.has_gap()) return std::nullopt;
    groups.gap = groups.count;
    text.remove_prefix(1);
  }
  if (!groups.complete()) return std::nullopt;
  return groups;
}

// The longest run of two and more groups of zero, the first of those that are as long.
struct Run {
  std::size_t first = kGroups;
  std::size_t size = 0;
};
Run longest_zeros(const std::array<std::uint16_t, kGroups>& groups) {
  Run best;
  Run here{.first = 0, .size = 0};
  for (std::size_t i = 0; i < kGroups; ++i) {
    here = groups[i] != 0 ? Run{.first = i + 1, .size = 0}
                          : Run{.first = here.first, .size = here.size + 1};
    if (here.size > best.size && here.size > 1) best = here;
  }
  return best;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (!text.contains(':')) {
    const auto bytes = parse_ipv4(text);
    if (!bytes) return std::nullopt;
    return ipv4(*bytes);
  }
  const auto groups = parse_groups(text);
  if (!groups) return std::nullopt;
  Bytes bytes{};
  const std::size_t missing = kGroups - groups->count;
  for (std::size_t i = 0; i < groups->count; ++i) {
    const std::size_t place = i < groups->gap ? i : i + missing;
    bytes[2 * place] = static_cast<std::uint8_t>(groups->values[i] >> 8U);
    bytes[2 * place + 1] = static_cast<std::uint8_t>(groups->values[i] & 0xFFU);
  }
  return IpAddress(bytes);
}

IpAddress IpAddress::masked(unsigned bits) const {
  IpAddress address = *this;
  for (unsigned i = 0; i < address.bytes_.size(); ++i) {
    const unsigned kept = std::clamp(static_cast<int>(bits) - static_cast<int>(8 * i), 0, 8);
    address.bytes_[i] &= static_cast<std::uint8_t>(0xFF00U >> kept);
  }
  return address;
}

IpAddress::Text IpAddress::text() const {
  Text text;
  char* const begin = text.chars_.data();
  char* const end = begin + text.chars_.size();
  char* at = begin;
  if (is_ipv4()) {
    for (std::size_t i = 12; i < 16; ++i) {
      if (i > 12) *at++ = '.';
      at = std::to_chars(at, end, bytes_[i]).ptr;
    }
  } else {
    std::array<std::uint16_t, kGroups> groups{};
    for (std::size_t i = 0; i < kGroups; ++i) {
      groups[i] = static_cast<std::uint16_t>(bytes_[2 * i] << 8U | bytes_[2 * i + 1]);
    }
    const Run zeros = longest_zeros(groups);
    for (std::size_t i = 0; i < kGroups;) {
      if (i == zeros.first) {
        *at++ = ':';
        *at++ = ':';
        i += zeros.size;
        continue;
      }
      if (i > 0 && i != zeros.first + zeros.size) *at++ = ':';
      at = std::to_chars(at, end, groups[i], 16).ptr;
      ++i;
    }
  }
  text.size_ = static_cast<std::uint8_t>(at - begin);
  return text;
}

}  // namespace pear::net

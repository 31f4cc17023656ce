#include "http/authority.h"

#include "http/character.h"

namespace pear::http {
namespace {

constexpr std::size_t kHostBytesMax = 255;  // Of a name in DNS (RFC 1035, section 2.3.4).

bool is_ipv4_address(std::string_view text) {
  int parts = 0;
  while (parts < 4) {
    std::size_t digits = 0;
    unsigned value = 0;
    while (digits < text.size() && digits < 3 && is_in(text[digits], CharacterClass::Digit)) {
      value = value * 10 + static_cast<unsigned>(text[digits] - '0');
      ++digits;
    }
    if (digits == 0 || value > 255 || (digits > 1 && text[0] == '0')) return false;
    text.remove_prefix(digits);
    if (++parts == 4) break;
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

// Counts the groups of 16 bits in `text`, which has no "::" in it; -1 when it is malformed.
int count_groups(std::string_view text, bool last_part) {
  if (text.empty()) return 0;
  int groups = 0;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && last_part && group.contains('.')) {
      return is_ipv4_address(group) ? groups + 2 : -1;
    }
    if (group.empty() || group.size() > 4 || !all_in(group, CharacterClass::Hex)) return -1;
    ++groups;
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
  }
}

// An empty port is none (RFC 9110, section 4.2.3).
Checked<void> parse_port(std::string_view digits, std::optional<std::uint16_t>* port) {
  port->reset();
  if (digits.empty()) return {};
  if (digits.size() > 5) return refuse(400, "port is not a number");
  std::uint32_t number = 0;
  for (const char digit : digits) {
    if (!is_in(digit, CharacterClass::Digit)) return refuse(400, "port is not a number");
    number = number * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  if (number > 65'535) return refuse(400, "port is out of range");
  *port = static_cast<std::uint16_t>(number);
  return {};
}

}  // namespace

bool is_ipv6_address(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, true) == 8;
  const int before = count_groups(text.substr(0, gap), false);
  const int after = count_groups(text.substr(gap + 2), true);
  // The gap stands for at least one group (RFC 5952, section 4.2.2 wants two; both are read).
  return before >= 0 && after >= 0 && before + after <= 7;
}

Checked<Authority> parse_authority(std::string_view text) {
  Authority authority;
  PEAR_TRY(parse_authority(text, &authority));
  return authority;
}

Checked<void> parse_authority(std::string_view text, Authority* authority) {
  if (text.empty()) return refuse(400, "empty host");
  std::size_t host_end = 0;
  if (text.front() == '[') {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_ipv6_address(text.substr(1, bracket - 1))) {
      return refuse(400, "malformed IPv6 address in host");
    }
    host_end = bracket + 1;
  } else {
    while (host_end < text.size() && is_in(text[host_end], CharacterClass::RegName)) ++host_end;
    if (host_end == 0) return refuse(400, "empty or malformed host");
    if (host_end > kHostBytesMax) return refuse(400, "host is too long");
  }
  authority->host = text.substr(0, host_end);
  authority->port.reset();
  if (host_end == text.size()) return {};
  if (text[host_end] != ':') return refuse(400, "malformed host");
  return parse_port(text.substr(host_end + 1), &authority->port);
}

}  // namespace pear::http

#include "base/net/ip_prefix.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace pear::net {

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const bool dotted = !text.substr(0, slash).contains(':');
  const unsigned offset = dotted ? IpAddress::kIpv4Offset : 0;
  unsigned bits = IpAddress::kBits - offset;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const end = digits.data() + digits.size();
    const unsigned bits_max = bits;
    const auto [stopped, error] = std::from_chars(digits.data(), end, bits);
    const bool plain = digits == "0" || !digits.starts_with('0');
    if (digits.empty() || error != std::errc{} || stopped != end || !plain || bits > bits_max) {
      return std::nullopt;
    }
  }
  const IpPrefix prefix(*address, bits + offset);
  if (prefix.first_ != *address) return std::nullopt;
  return prefix;
}

std::string IpPrefix::text() const {
  std::string text(first_.text().view());
  if (bits_ == IpAddress::kBits) return text;
  // A prefix that is wider than what IPv4 lies in does not begin like an IPv4 address.
  const unsigned offset = first_.is_ipv4() ? IpAddress::kIpv4Offset : 0;
  return text + "/" + std::to_string(bits_ - offset);
}

IpAddress IpPrefix::last() const {
  IpAddress::Bytes bytes = first_.bytes();
  const IpAddress ones =
      IpAddress(IpAddress::Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                 0xFF, 0xFF, 0xFF, 0xFF, 0xFF});
  const IpAddress mask = ones.masked(bits_);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] |= static_cast<std::uint8_t>(~mask.bytes()[i]);
  }
  return IpAddress(bytes);
}

IpPrefixSet::IpPrefixSet(std::span<const IpPrefix> prefixes) {
  for (const IpPrefix& prefix : prefixes) {
    ranges_.push_back({.first = prefix.first(), .last = prefix.last()});
  }
  // Of two prefixes one contains the other, or they are apart.
  std::ranges::sort(ranges_, [](const Range& a, const Range& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  std::vector<Range> apart;
  for (const Range& range : ranges_) {
    if (apart.empty() || range.last > apart.back().last) apart.push_back(range);
  }
  ranges_ = std::move(apart);
}

bool IpPrefixSet::contains(const IpAddress& address) const {
  const auto behind = std::ranges::upper_bound(ranges_, address, {}, &Range::first);
  return behind != ranges_.begin() && address <= std::prev(behind)->last;
}

}  // namespace pear::net

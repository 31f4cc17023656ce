// IpPrefix: the addresses that begin with the same bits; IpPrefixSet: many of them.
//
// Thread: values; a set is immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/ip_address.h"

namespace pear::net {

class IpPrefix {
 public:
  // Every address of both kinds.
  IpPrefix() = default;
  // `bits` of the 128: an IPv4 prefix of n bits has 96 + n.
  IpPrefix(const IpAddress& address, unsigned bits)
      : first_(address.masked(bits)), bits_(static_cast<std::uint8_t>(bits)) {}

  // "10.0.0.0/8", "2001:db8::/32", or one address. Nothing for "10.1.0.0/8": whoever writes that
  // means one of two things.
  [[nodiscard]] static std::optional<IpPrefix> parse(std::string_view text);
  // As parse() takes it; one address without "/32" or "/128".
  [[nodiscard]] std::string text() const;

  [[nodiscard]] bool contains(const IpAddress& address) const {
    return address.masked(bits_) == first_;
  }
  [[nodiscard]] const IpAddress& first() const { return first_; }
  [[nodiscard]] IpAddress last() const;

  bool operator==(const IpPrefix&) const = default;

 private:
  IpAddress first_;
  std::uint8_t bits_ = 0;
};

class IpPrefixSet {
 public:
  IpPrefixSet() = default;
  explicit IpPrefixSet(std::span<const IpPrefix> prefixes);

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] bool contains(const IpAddress& address) const;

 private:
  struct Range {
    IpAddress first;
    IpAddress last;
  };
  std::vector<Range> ranges_;  // In order, and apart from each other.
};

}  // namespace pear::net

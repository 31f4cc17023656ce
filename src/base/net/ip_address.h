// IpAddress: an IPv4 or IPv6 address as a value of 16 bytes, an IPv4 address in its IPv6 form
// (::ffff:a.b.c.d), so that both kinds are compared, masked and hashed alike.
//
// Source: RFC 4291, section 2.2 (text); RFC 5952 (the one text that is written); RFC 4038,
//         section 4.2 (IPv4 within IPv6).
// Thread: a value. No allocation.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pear::net {

class IpAddress {
 public:
  using Bytes = std::array<std::uint8_t, 16>;
  // Of an IPv4 address, within the 128 of all.
  static constexpr unsigned kIpv4Offset = 96;
  static constexpr unsigned kBits = 128;

  // "::"
  constexpr IpAddress() = default;
  constexpr explicit IpAddress(const Bytes& bytes) : bytes_(bytes) {}
  [[nodiscard]] static constexpr IpAddress ipv4(const std::array<std::uint8_t, 4>& bytes) {
    return IpAddress(
        Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, bytes[0], bytes[1], bytes[2], bytes[3]});
  }

  // IPv4 in dotted form, or IPv6 without brackets, port and zone. Nothing else is an address:
  // leading zeros, "1.2.3" and the like are not.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] constexpr bool is_ipv4() const {
    for (unsigned i = 0; i < 10; ++i) {
      if (bytes_[i] != 0) return false;
    }
    return bytes_[10] == 0xFF && bytes_[11] == 0xFF;
  }
  // With all but the first `bits` (of 128) cleared.
  [[nodiscard]] IpAddress masked(unsigned bits) const;

  // Its text, which lives as long as this object.
  class Text {
   public:
    [[nodiscard]] std::string_view view() const { return {chars_.data(), size_}; }

   private:
    friend class IpAddress;
    std::array<char, 39> chars_{};  // Eight groups of four digits with colons.
    std::uint8_t size_ = 0;
  };
  [[nodiscard]] Text text() const;

  constexpr auto operator<=>(const IpAddress&) const = default;

 private:
  Bytes bytes_{};
};

}  // namespace pear::net

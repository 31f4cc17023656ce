#include "io/proxy_header.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/assert.h"
#include "base/net/ip_address.h"

namespace pear::io {
namespace {

using net::IpAddress;

constexpr std::string_view kText = "PROXY ";
constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kFixedBytes = 16;  // Signature, version and command, family, length.

enum class Command : std::uint8_t { Local = 0, Proxy = 1 };

// What a family and transport (the byte as it is on the wire) has before the TLVs.
struct Layout {
  std::uint8_t wire;
  std::size_t bytes;
};
constexpr std::array kLayouts{
    Layout{0x00, 0},                      // No address.
    Layout{0x11, 12},  Layout{0x12, 12},  // IPv4: two addresses, two ports.
    Layout{0x21, 36},  Layout{0x22, 36},  // IPv6.
    Layout{0x31, 216}, Layout{0x32, 216}  // UNIX: two paths.
};

unsigned byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// The next word of a line whose words have one blank between them; nothing behind the last.
std::string_view take_word(std::string_view* line) {
  const std::size_t blank = std::min(line->find(' '), line->size());
  const std::string_view word = line->substr(0, blank);
  line->remove_prefix(std::min(blank + 1, line->size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  const bool plain = text == "0" || !text.starts_with('0');
  if (text.empty() || error != std::errc{} || stopped != end || !plain) return std::nullopt;
  return port;
}

}  // namespace

ProxyHeaderParser::Progress ProxyHeaderParser::parse(std::span<const char> bytes) {
  consumed_ = 0;
  while (consumed_ < bytes.size()) {
    if (skip_ > 0) {
      const std::size_t skipped = std::min(skip_, bytes.size() - consumed_);
      skip_ -= skipped;
      consumed_ += skipped;
      if (skip_ == 0) return Progress::Done;
      continue;
    }
    const Progress progress = on_byte(bytes[consumed_++]);
    if (progress != Progress::NeedMore) return progress;
  }
  return Progress::NeedMore;
}

ProxyHeaderParser::Progress ProxyHeaderParser::on_byte(char byte) {
  PEAR_DCHECK(size_ < kept_.size(), "both forms end before the room does");
  kept_[size_++] = byte;
  const std::string_view kept(kept_.data(), size_);
  if (kText.starts_with(kept) || kSignature.starts_with(kept)) return Progress::NeedMore;
  if (kept.starts_with(kText)) return on_text_byte(byte);
  if (kept.starts_with(kSignature)) return on_binary_byte();
  return Progress::Malformed;
}

// ---- Version 1.

ProxyHeaderParser::Progress ProxyHeaderParser::on_text_byte(char byte) {
  const bool after_cr = kept_[size_ - 2] == '\r';
  if (byte == '\n' && after_cr) return read_line({kept_.data(), size_ - 2});
  if (byte == '\n' || after_cr || size_ == kTextBytesMax) return Progress::Malformed;
  return Progress::NeedMore;
}

ProxyHeaderParser::Progress ProxyHeaderParser::read_line(std::string_view line) {
  line.remove_prefix(kText.size());
  const std::string_view family = take_word(&line);
  if (family == "UNKNOWN") return Progress::Done;  // What else it says is not for us.
  if (family != "TCP4" && family != "TCP6") return Progress::Malformed;
  const bool dotted = family == "TCP4";
  const auto parse_address = [&](std::string_view word) {
    return word.contains(':') == dotted ? std::nullopt : IpAddress::parse(word);
  };
  const auto source = parse_address(take_word(&line));
  const auto destination = parse_address(take_word(&line));
  const auto source_port = parse_port(take_word(&line));
  const auto destination_port = parse_port(line);
  if (!source || !destination || !source_port || !destination_port) return Progress::Malformed;
  source_ = SocketAddress::of(*source, *source_port);
  return Progress::Done;
}

// ---- Version 2.

ProxyHeaderParser::Progress ProxyHeaderParser::on_binary_byte() {
  if (size_ < kFixedBytes) return Progress::NeedMore;
  if (size_ == kFixedBytes) return begin_binary();
  if (size_ < addresses_end_) return Progress::NeedMore;
  read_addresses();
  return skip_ > 0 ? Progress::NeedMore : Progress::Done;
}

ProxyHeaderParser::Progress ProxyHeaderParser::begin_binary() {
  const std::string_view fixed(kept_.data(), kFixedBytes);
  const unsigned version = byte_at(fixed, 12) >> 4U;
  const unsigned command = byte_at(fixed, 12) & 0x0FU;
  const std::size_t length = byte_at(fixed, 14) << 8U | byte_at(fixed, 15);
  if (version != 2 || command > std::to_underlying(Command::Proxy)) return Progress::Malformed;
  if (kFixedBytes + length > kBinaryBytesMax) return Progress::Malformed;
  skip_ = length;
  if (command == std::to_underlying(Command::Proxy)) {
    const auto* const layout = std::ranges::find(kLayouts, byte_at(fixed, 13), &Layout::wire);
    if (layout == kLayouts.end() || length < layout->bytes) return Progress::Malformed;
    const bool is_ip = layout->bytes == 12 || layout->bytes == 36;
    if (is_ip) {
      skip_ = 0;  // Until the addresses are here.
      addresses_end_ = kFixedBytes + layout->bytes;
      return Progress::NeedMore;
    }
  }
  return skip_ > 0 ? Progress::NeedMore : Progress::Done;
}

// Source address, destination address, source port, destination port.
void ProxyHeaderParser::read_addresses() {
  const std::string_view kept(kept_.data(), size_);
  const std::size_t length = byte_at(kept, 14) << 8U | byte_at(kept, 15);
  skip_ = length - (addresses_end_ - kFixedBytes);
  const std::string_view addresses = kept.substr(kFixedBytes);
  const std::size_t address_bytes = (addresses.size() - 4) / 2;
  const std::size_t port_at = 2 * address_bytes;
  IpAddress address;
  if (address_bytes == 4) {
    std::array<std::uint8_t, 4> bytes{};
    std::ranges::copy(addresses.substr(0, 4), bytes.begin());
    address = IpAddress::ipv4(bytes);
  } else {
    IpAddress::Bytes bytes{};
    std::ranges::copy(addresses.substr(0, 16), bytes.begin());
    address = IpAddress(bytes);
  }
  source_ =
      SocketAddress::of(address, static_cast<std::uint16_t>(byte_at(addresses, port_at) << 8U |
                                                            byte_at(addresses, port_at + 1)));
}

}  // namespace pear::io

// ProxyHeaderParser: what a proxy says first on a connection about the client that it stands for,
// in the text form (version 1) or the binary form (version 2) of the PROXY protocol.
//
// It takes bytes as they come and never one behind the header's end, which is where the client's
// own bytes begin. What follows the addresses of version 2 (TLVs) is skipped unread.
//
// Source: "The PROXY protocol, versions 1 & 2", haproxy, doc/proxy-protocol.txt.
// Thread: a value. No allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "io/socket_address.h"

namespace pear::io {

class ProxyHeaderParser {
 public:
  // Of version 1, its CR and LF included (section 2.1).
  static constexpr std::size_t kTextBytesMax = 107;
  // Of version 2. The length field could say 64 KiB; what proxies add to the addresses (names, keys
  // of TLS, checksums) is a few hundred bytes.
  static constexpr std::size_t kBinaryBytesMax = 4'096;

  enum class Progress : std::uint8_t { NeedMore, Done, Malformed };
  // Not again after Done or Malformed.
  [[nodiscard]] Progress parse(std::span<const char> bytes);
  // Of the bytes that parse() was given last: those that belong to the header.
  [[nodiscard]] std::size_t consumed() const { return consumed_; }

  // Once Done: the client's address; none where the proxy speaks for itself (LOCAL: a health check)
  // or for a client that has no IP address (UNKNOWN, UNSPEC, a UNIX socket).
  [[nodiscard]] const SocketAddress& source() const { return source_; }

 private:
  [[nodiscard]] Progress on_byte(char byte);
  [[nodiscard]] Progress on_text_byte(char byte);
  [[nodiscard]] Progress on_binary_byte();
  [[nodiscard]] Progress begin_binary();
  [[nodiscard]] Progress read_line(std::string_view line);
  void read_addresses();

  std::array<char, kTextBytesMax> kept_{};  // The line, or the fixed part and the addresses.
  std::size_t size_ = 0;
  std::size_t addresses_end_ = 0;  // Version 2: of the header so far, what is kept;
  std::size_t skip_ = 0;           // and what follows that.
  std::size_t consumed_ = 0;
  SocketAddress source_;
};

}  // namespace pear::io

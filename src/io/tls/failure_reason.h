// failure_reason: why a call of BoringSSL failed, as text for logs.
//
// Thread: that of the call.
#pragma once

#include <cstdint>
#include <string_view>

struct ssl_st;

namespace pear::io::tls {

enum class AlertOf : std::uint8_t;

inline constexpr std::string_view kPeerClosed = "the peer closed the connection";
inline constexpr std::string_view kSpokePlainHttp = "the client spoke plain HTTP";
inline constexpr std::string_view kConnectionBroke = "the connection broke";

// Empties the thread's error queue. The text lives as long as the program.
[[nodiscard]] std::string_view failure_reason(const ssl_st* ssl);

// The same words for a QUIC handshake, whose error queue nobody has kept: it ended with this alert.
[[nodiscard]] std::string_view alert_reason(const ssl_st* ssl, std::uint8_t alert, AlertOf side);

}  // namespace pear::io::tls

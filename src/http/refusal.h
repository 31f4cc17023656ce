// Refusal: why a message is not accepted, with the status that says so to the peer.
//
// After a refusal the framing of a connection is not known any more: HTTP/1 answers and closes, the
// multiplexed protocols end the stream (or the connection, where their own rules say so).
//
// Thread: a value.
#pragma once

#include <cstdint>
#include <expected>
#include <type_traits>

#include "base/result.h"

namespace pear::http {

struct Refusal {
  std::uint16_t status = 400;
  // For logs, and safe to show: it never contains bytes of the message.
  StaticText reason = "malformed message";
};

template <typename T>
using Checked = std::expected<T, Refusal>;

[[nodiscard]] constexpr std::unexpected<Refusal> refuse(std::uint16_t status, StaticText reason) {
  return std::unexpected(Refusal{.status = status, .reason = reason});
}

}  // namespace pear::http

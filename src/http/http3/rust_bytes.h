// Between our views and those of pear_rust.h. Inside the module.
#pragma once

#include <span>
#include <string_view>

#include <pear_quic.h>

#include "http/http3/packet.h"

namespace pear::http3 {

[[nodiscard]] inline PearBytes lent(Bytes bytes) {
  return {.data = bytes.data(), .len = bytes.size()};
}
[[nodiscard]] inline PearBytes lent(std::string_view text) {
  return {.data = reinterpret_cast<const std::uint8_t*>(text.data()), .len = text.size()};
}
[[nodiscard]] inline Bytes borrowed(PearBytes bytes) {
  return {bytes.data, bytes.len};
}
[[nodiscard]] inline std::string_view borrowed_text(PearBytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.len};
}

}  // namespace pear::http3

// Log lines: to stderr, where Pear puts them into its log with the site and the request they came
// from.
//
// Thread: a guest has one. Memory: bounded; a line is cut at kLogLineBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pear/abi.h"

namespace pear {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };

// With the level and the newline. What one write takes.
inline constexpr std::size_t kLogLineBytes = 4096;

// One call is one line: control characters in `text` become spaces.
inline void log(Level level, std::string_view text) {
  // Kept for the life of the instance, as stdio would.
  static constinit abi::Handle stream = 0;
  static constinit bool open = false;
  if (!open) stream = abi::pear_stderr();
  open = true;

  constexpr std::string_view names[] = {"debug: ", "info: ", "warning: ", "error: "};
  char line[kLogLineBytes];
  std::size_t size = 0;
  for (const char c : names[static_cast<std::size_t>(level)]) line[size++] = c;
  for (const char c : text) {
    if (size == kLogLineBytes - 1) break;
    const auto byte = static_cast<unsigned char>(c);
    line[size++] = byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  line[size++] = '\n';
  abi::UnitStreamResult result;
  abi::pear_stream_blocking_write_and_flush(stream, line, static_cast<std::uint32_t>(size),
                                            &result);
  if (result.failed != 0) abi::drop_error(result.error);
}

}  // namespace pear

// Scanner: finds where a run of allowed bytes ends, with the widest instructions that the CPU has.
//
// Three functions, each in three versions (AVX2, SSE4.2, plain) that agree on every input
// (scan_fuzz). None reads a byte outside [at, end).
//
// Thread: any (immutable).
#pragma once

#include <cstddef>
#include <span>

#include "http/field.h"

namespace pear::http1 {

struct Scanner {
  // The first byte of [at, end) that is not in the class; `end` if all are.
  using Scan = const char* (*)(const char* at, const char* end);

  const char* name;  // "avx2", "sse4.2" or "scalar".
  Scan token_end;    // Class: tchar (RFC 9110, section 5.6.2).
  Scan value_end;    // Class: HTAB and all but controls (RFC 9110, section 5.5).
  Scan target_end;   // Class: visible ASCII, 0x21 to 0x7e.
  Scan path_end;     // Class: CharacterClass::PathPlain, what ends or needs a look in a path.

  // Reads field lines that start at `at` and are whole and sound: token, colon, blanks, value,
  // CRLF. Writes them to storage[*count] and up, and gives where it stopped: at the first line that
  // is something else (also one that is not all there yet), or has no room in the storage.
  using ScanLines = const char* (*)(const char* at, const char* end, std::span<http::Field> storage,
                                    std::size_t* count);
  ScanLines field_lines;

  // The fastest that this CPU can run. Chosen at the first call.
  [[nodiscard]] static const Scanner& best();

  // All that this CPU can run, the fastest first; the last is "scalar". For tests and benchmarks.
  [[nodiscard]] static std::span<const Scanner> all();
};

}  // namespace pear::http1

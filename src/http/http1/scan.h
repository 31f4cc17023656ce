// Scanner: finds where a run of allowed bytes ends, with the widest instructions that the CPU has.
//
// Three functions, each in three versions (AVX2, SSE4.2, plain) that agree on every input
// (scan_fuzz). None reads a byte outside [at, end).
//
// Thread: any (immutable).
#pragma once

#include <span>

namespace pear::http1 {

// Where the parts of a field line are.
struct FieldLine {
  const char* name_end;   // At the colon.
  const char* value;      // Its first byte that is no blank.
  const char* value_end;  // At the CR: blanks may stand before it.
};

struct Scanner {
  // The first byte of [at, end) that is not in the class; `end` if all are.
  using Scan = const char* (*)(const char* at, const char* end);

  const char* name;  // "avx2", "sse4.2" or "scalar".
  Scan token_end;    // Class: tchar (RFC 9110, section 5.6.2).
  Scan value_end;    // Class: HTAB and all but controls (RFC 9110, section 5.5).
  Scan target_end;   // Class: visible ASCII, 0x21 to 0x7e.
  Scan path_end;     // Class: CharacterClass::PathPlain, what ends or needs a look in a path.

  // Reads a whole field line that starts at `at`, as nearly all are: token, colon, blanks, value,
  // CRLF. False for anything else, be it malformed or not all there yet; `line` then means nothing.
  using ScanLine = bool (*)(const char* at, const char* end, FieldLine* line);
  ScanLine field_line;

  // The fastest that this CPU can run. Chosen at the first call.
  [[nodiscard]] static const Scanner& best();

  // All that this CPU can run, the fastest first; the last is "scalar". For tests and benchmarks.
  [[nodiscard]] static std::span<const Scanner> all();
};

}  // namespace pear::http1

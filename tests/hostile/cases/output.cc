// Cases about stdout and stderr, which end up in the log.
#include "hostile.h"

static void flood(Handle stream) {
  static u8 text[4096];
  __builtin_memset(text, 'x', sizeof text);
  Out out;
  for (u32 i = 0; i < 2'560; ++i) stream_blocking_write(stream, text, sizeof text, &out);
}

HOSTILE(stdout_flood) {
  flood(stdout_get());
  answer(outparam, "whole");
}

HOSTILE(stderr_flood) {
  flood(stderr_get());
  answer(outparam, "whole");
}

HOSTILE(million_log_lines) {
  const Handle stream = stderr_get();
  Out out;
  for (u32 i = 0; i < 100'000; ++i) stream_blocking_write(stream, "\n", 1, &out);
  answer(outparam, "whole");
}

// Bytes that must not reach a terminal or break a log line.
HOSTILE(log_injection) {
  static constexpr char kText[] =
      "\x1b[2J\x1b]0;owned\x07 \xFF\xFE \r\n{\"level\":\"error\",\"site\":\"other\"}\n\"}\n";
  Out out;
  stream_blocking_write(stderr_get(), kText, sizeof kText, &out);
  answer(outparam, "whole");
}

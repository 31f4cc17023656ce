// Cases about the bytes of a response body.
#include "hostile.h"

static u8 zeroes[kPage];

HOSTILE(too_few_bytes) {
  const Body body = start(outparam, 200, fields_with("content-length", "1000"));
  put(body, "short", 5);
  end(body);
}

HOSTILE(too_many_bytes) {
  const Body body = start(outparam, 200, fields_with("content-length", "10"));
  for (u32 i = 0; i < 100; ++i) {
    if (!put(body, "HTTP/1.1 200 OK\r\n\r\n", 19)) break;
  }
  end(body);
}

HOSTILE(body_of_204) {
  const Body body = start(outparam, 204);
  put(body, "HTTP/1.1 200 OK\r\n\r\n", 19);
  end(body);
}

HOSTILE(write_beyond_permit) {
  const Body body = start(outparam);
  Out out;
  stream_check_write(body.stream, &out);
  const auto size = static_cast<u32>(out.wide(8)) + 1;
  u8* bytes = more_memory(size);
  if (bytes == nullptr) __builtin_trap();
  stream_write(body.stream, bytes, size, &out);
  end(body);
}

// Far more than a host keeps for a client.
HOSTILE(write_without_permit) {
  constexpr u32 size = 8U << 20U;
  const Body body = start(outparam);
  u8* bytes = more_memory(size);
  if (bytes == nullptr) __builtin_trap();
  Out out;
  stream_write(body.stream, bytes, size, &out);
  end(body);
}

HOSTILE(blocking_write_too_large) {
  const Body body = start(outparam);
  put(body, zeroes, 4097);
  end(body);
}

HOSTILE(zeroes_without_end) {
  const Body body = start(outparam);
  Out out;
  stream_blocking_write_zeroes(body.stream, 1ULL << 50U, &out);
  end(body);
}

HOSTILE(zeroes_beyond_permit) {
  const Body body = start(outparam);
  Out out;
  stream_write_zeroes(body.stream, ~0ULL, &out);
  end(body);
}

HOSTILE(finish_with_open_stream) {
  const Body body = start(outparam);
  Out out;
  body_finish(body.body, 0, 0, &out);
}

HOSTILE(write_after_finish) {
  const Body body = start(outparam);
  end(body);
  put(body, "late", 4);
}

// Not hostile, but large: arrives whole.
HOSTILE(response_of_100_mb) {
  const Body body = start(outparam);
  for (u32 i = 0; i < 25'600; ++i) {
    if (!put(body, zeroes, 4096)) break;
  }
  end(body);
}

// As far as the permit goes, as fast as it can, until the client goes away; then it goes on.
HOSTILE(endless_response) {
  const Body body = start(outparam);
  while (true) put(body, zeroes, 4096);
}

// One byte at a time, each flushed.
HOSTILE(response_in_single_bytes) {
  const Body body = start(outparam);
  for (u32 i = 0; i < 10'000; ++i) {
    if (!put(body, "x", 1)) break;
  }
  end(body);
}

HOSTILE(stalled_response) {
  const Body body = start(outparam);
  put(body, "start", 5);
  while (true) wait_ns(1'000'000'000'000);
}

HOSTILE(invalid_trailers) {
  const Body body = start(outparam);
  put(body, "whole", 5);
  stream_drop(body.stream);
  Out out;
  body_finish(body.body, 1, fields_with("content-length", "7"), &out);
}

// Cases about the body of a request.
#include "hostile.h"

HOSTILE(body_never_read) {
  request_drop(request);
  answer(outparam, "whole");
}

// Takes a body so slowly that the time for a response head runs out.
HOSTILE(body_read_slowly) {
  const Handle stream = request_stream(request);
  Out out;
  do {
    wait_ns(50'000'000);
    stream_blocking_read(stream, 1, &out);
  } while (out.byte(0) == 0);
  answer(outparam, "whole");
}

// Whatever is named, no more comes than there is.
HOSTILE(body_read_at_once) {
  const Handle stream = request_stream(request);
  Out out;
  u64 size = 0;
  while (true) {
    stream_blocking_read(stream, ~0ULL, &out);
    if (out.byte(0) != 0) break;
    size += out.word(8);
  }
  char text[20];
  u32 at = sizeof text;
  text[--at] = 0;
  do {
    text[--at] = static_cast<char>('0' + size % 10);
    size /= 10;
  } while (size != 0);
  answer(outparam, text + at);
}

HOSTILE(consumed_twice) {
  Out out;
  request_consume(request, &out);
  request_consume(request, &out);
  answer_refused(outparam, out.byte(0) == 1);
}

HOSTILE(read_after_end) {
  const Handle stream = request_stream(request);
  Out out;
  do {
    stream_blocking_read(stream, 4096, &out);
  } while (out.byte(0) == 0);
  for (u32 i = 0; i < 1'000; ++i) stream_blocking_read(stream, 4096, &out);
  answer_refused(outparam, out.byte(0) == 1);
}

// The request's body becomes the response's, by the host's own copy.
HOSTILE(splice) {
  const Handle stream = request_stream(request);
  const Body body = start(outparam);
  Out out;
  do {
    stream_blocking_splice(body.stream, stream, ~0ULL, &out);
  } while (out.byte(0) == 0);
  end(body);
}

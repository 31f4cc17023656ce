// A guest with many cases: the path of a request names the one to run. Include it, then define
// `cases`.
#pragma once

#include "guest.h"

// What a case is given, and what it says: the text becomes the response's body.
static i32 request;
static i32 outparam;
static char said[4096];
static u32 said_length;
static u8 result[64] __attribute__((aligned(8)));
static int answered;  // The case has set the response itself.

typedef struct probe_case {
  const char* name;
  void (*run)(void);
} probe_case;

static void say(const char* s) {
  while (*s && said_length < sizeof said) said[said_length++] = *s++;
}

static void say_text(text t) {
  for (u32 i = 0; i < t.length && said_length < sizeof said; i++) said[said_length++] = t.data[i];
}

static void say_number(u64 n) {
  char digits[24];
  u32 count = 0;
  do digits[count++] = (char)('0' + n % 10);
  while (n /= 10);
  while (count > 0) said[said_length++] = digits[--count];
}

// A result whose error is a header-error: "ok", or the number of the error.
static void say_header_result(void) {
  if (result[0]) {
    say("error ");
    say_number(result[1]);
  } else {
    say("ok");
  }
  say(";");
}

// A result whose error is a stream-error, with a payload of 8 bytes or of a list.
static void say_stream_error(u32 payload_at) {
  if (result[payload_at] == 1) {
    say("closed;");
    return;
  }
  const i32 error = read_i32(result + payload_at + 4);
  u8 text_of_error[8] __attribute__((aligned(4)));
  error_text(error, text_of_error);
  say("failed: ");
  say_text(read_text(text_of_error));
  say(";");
  drop_error(error);
}

static i32 new_body(i32 response) {
  response_body(response, result);
  if (result[0]) __builtin_trap();
  return read_i32(result + 4);
}

static i32 new_stream(i32 body) {
  body_write(body, result);
  if (result[0]) __builtin_trap();
  return read_i32(result + 4);
}

static void write_all(i32 stream, const char* data, u32 length) {
  while (length > 0) {
    const u32 step = length < 4096 ? length : 4096;
    stream_blocking_write(stream, data, step, result);
    if (result[0]) {
      say_stream_error(4);
      return;
    }
    data += step;
    length -= step;
  }
}

static i32 fields_with(const char* name, const char* value) {
  const i32 fields = fields_new();
  fields_append(fields, name, length_of(name), value, length_of(value), result);
  if (result[0]) __builtin_trap();
  return fields;
}

// 200 with what was said.
static void answer_said(void) {
  const i32 response = response_new(fields_new());
  const i32 body = new_body(response);
  outparam_set_ok(outparam, response);
  const i32 stream = new_stream(body);
  write_all(stream, said, said_length);
  drop_output(stream);
  body_finish(body, 0, 0, result);
}

extern const probe_case cases[];

EXPORT_HANDLE void handle(i32 given_request, i32 given_outparam) {
  reset_heap();
  request = given_request;
  outparam = given_outparam;
  said_length = 0;
  answered = 0;
  request_path(request, result);
  const text path = read_text(result + 4);
  for (const probe_case* it = cases; it->name; it++) {
    const u32 length = length_of(it->name);
    u32 same = 0;
    while (same < length && same + 1 < path.length && it->name[same] == path.data[same + 1]) same++;
    if (same == length && path.length == length + 1) {
      it->run();
      if (!answered) answer_said();
      return;
    }
  }
  say("no such case");
  answer_said();
}

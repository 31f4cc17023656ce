// Cases of bodies, their streams, and of the end of a response.
#include "probe.h"

static char block[70000];

static i32 consume(void) {
  request_consume(request, result);
  if (result[0]) __builtin_trap();
  return read_i32(result + 4);
}

static i32 input_of(i32 body) {
  in_body_stream(body, result);
  if (result[0]) __builtin_trap();
  return read_i32(result + 4);
}

// Starts a response and gives its body's stream.
static i32 body;
static i32 start(i32 fields) {
  answered = 1;
  const i32 response = response_new(fields);
  body = new_body(response);
  outparam_set_ok(outparam, response);
  return new_stream(body);
}

static void end(i32 stream) {
  drop_output(stream);
  body_finish(body, 0, 0, result);
}

static void echo(void) {
  const i32 in = input_of(consume());
  const i32 out = start(fields_new());
  for (;;) {
    reset_heap();
    stream_blocking_read(in, 1000, result);
    if (result[0]) break;
    const text read = read_text(result + 4);
    write_all(out, read.data, read.length);
  }
  say_stream_error(4);
  write_all(out, said, said_length);
  end(out);
}

static void echo_by_splice(void) {
  const i32 in = input_of(consume());
  const i32 out = start(fields_new());
  do stream_blocking_splice(out, in, 1 << 20, result);
  while (!result[0]);
  end(out);
}

static void look_without_waiting(void) {
  const i32 in = input_of(consume());
  const i32 pollable = input_subscribe(in);
  stream_read(in, 0, result);
  say_number(*(u32*)(result + 8));
  say_number((u64)pollable_ready(pollable));
  stream_read(in, 10, result);
  say_number(result[0]);
  say_number(*(u32*)(result + 8));
  pollable_block(pollable);
  say_number((u64)pollable_ready(pollable));
  stream_skip(in, 2, result);
  say_number(*(u64*)(result + 8));
  stream_blocking_skip(in, 100, result);
  say_number(*(u64*)(result + 8));
  stream_read(in, 1, result);
  say_stream_error(4);
  stream_blocking_read(in, 1, result);
  say_stream_error(4);
  drop_pollable(pollable);
  drop_input(in);
}

static void say_trailers(i32 future) {
  const i32 pollable = trailers_subscribe(future);
  pollable_block(pollable);
  drop_pollable(pollable);
  trailers_get(future, result);
  say_number(result[0]);   // some
  say_number(result[8]);   // result
  say_number(result[16]);  // result
  say_number(result[24]);  // option
  if (!result[16] && result[24]) {
    fields_entries(read_i32(result + 28), result);
    say_text(read_text(*(u8**)result));
    say("=");
    say_text(read_text(*(u8**)result + 8));
  }
  trailers_get(future, result);
  say_number(result[0]);
  say_number(result[8]);
}

// The body is not read: the trailers come all the same.
static void trailers(void) {
  say_trailers(in_body_finish(consume()));
}

static void consume_twice(void) {
  const i32 in = consume();
  request_consume(request, result);
  say_number(result[0]);
  input_of(in);
  in_body_stream(in, result);
  say_number(result[0]);
}

static void finish_with_stream(void) {
  const i32 in = consume();
  input_of(in);
  in_body_finish(in);
}

static void drop_stream_under_pollable(void) {
  const i32 in = input_of(consume());
  input_subscribe(in);
  drop_input(in);
}

static void no_response(void) {
  answered = 1;
}

static void no_body(void) {
  answered = 1;
  const i32 response = response_new(fields_with("x", "y"));
  response_set_status(response, 404);
  outparam_set_ok(outparam, response);
}

static void error_response(void) {
  answered = 1;
  outparam_set(outparam, 1, 33, 0, 0, 0, 0, 0, 0);  // HTTP-response-timeout
}

static void write_then_set(u32 length) {
  answered = 1;
  const i32 response = response_new(fields_new());
  body = new_body(response);
  const i32 out = new_stream(body);
  write_all(out, block, length);
  stream_check_write(out, result);
  const u64 room = *(u64*)(result + 8);
  outparam_set_ok(outparam, response);
  say("room ");
  say_number(room);
  write_all(out, said, said_length);
  end(out);
}
static void held_at_limit(void) {
  write_then_set(65536);
}
static void held_past_limit(void) {
  write_then_set(65537);
}

static void finish_then_set(void) {
  answered = 1;
  const i32 response = response_new(fields_new());
  body = new_body(response);
  const i32 out = new_stream(body);
  write_all(out, "early", 5);
  drop_output(out);
  body_finish(body, 1, fields_with("x-t", "1"), result);
  outparam_set_ok(outparam, response);
}

static void drop_body_open(void) {
  const i32 out = start(fields_new());
  write_all(out, "half", 4);
  drop_output(out);
  drop_body(body);
}

static void return_body_open(void) {
  write_all(start(fields_new()), "half", 4);
}

static void two_bodies(void) {
  const i32 response = response_new(fields_new());
  const i32 first = new_body(response);
  response_body(response, result);
  say_number(result[0]);
  new_stream(first);
  body_write(first, result);
  say_number(result[0]);
}

static void promised(const char* length, u32 count) {
  const i32 out = start(fields_with("content-length", length));
  write_all(out, "0123456789", count);
  drop_output(out);
  body_finish(body, 0, 0, result);
  said_length = 0;
  say(result[0] ? "refused " : "accepted ");
  if (result[0]) {
    say_number(result[8]);
    say(" ");
    say_number(*(u64*)(result + 24));
  }
  const i32 log = get_stdout();
  stream_blocking_write(log, said, said_length, result);
}
static void promised_exactly(void) {
  promised("10", 10);
}
static void promised_more(void) {
  promised("11", 10);
}
static void promised_less(void) {
  promised("9", 10);
}
static void promised_none_written(void) {
  promised("10", 0);
}

static void finish_with_trailers(void) {
  const i32 out = start(fields_new());
  write_all(out, "b", 1);
  stream_flush(out, result);
  drop_output(out);
  body_finish(body, 1, fields_with("X-Sum", "9"), result);
}

static void set_twice(void) {
  outparam_set_ok(outparam, response_new(fields_new()));
  outparam_set_ok(outparam, response_new(fields_new()));
}

static i32 kept_stream = -1;
static i32 kept_request = -1;
static void keep_stream(void) {
  if (kept_stream >= 0) {
    stream_check_write(kept_stream, result);
    say_stream_error(8);
  }
  if (kept_request >= 0) request_method(kept_request, result);
  kept_stream = start(fields_new());
  write_all(kept_stream, said, said_length);
}
static void keep_request(void) {
  kept_request = request;
}

static void write_past_room(void) {
  const i32 out = start(fields_new());
  stream_check_write(out, result);
  say_number(*(u64*)(result + 8));
  stream_write(out, block, *(u32*)(result + 8) + 1, result);
}
static void blocking_write_too_much(void) {
  stream_blocking_write(start(fields_new()), block, 4097, result);
}
static void zeroes(void) {
  const i32 out = start(fields_new());
  stream_write_zeroes(out, 5000, result);
  stream_blocking_write_zeroes(out, 4096, result);
  stream_blocking_flush(out, result);
  end(out);
}

static void stream_while_window_is_small(void) {
  const i32 out = start(fields_new());
  write_all(out, block, 10000);
  end(out);
}

static void wait_for_room(void) {
  const i32 out = start(fields_new());
  const i32 pollable = output_subscribe(out);
  for (u32 sent = 0; sent < 3000;) {
    stream_check_write(out, result);
    if (result[0]) break;
    const u64 room = *(u64*)(result + 8);
    if (room == 0) {
      pollable_block(pollable);
      continue;
    }
    const u32 step = room < 3000 - sent ? (u32)room : 3000 - sent;
    stream_write(out, block, step, result);
    sent += step;
  }
  drop_pollable(pollable);
  end(out);
}

static void client_gone(void) {
  const i32 out = start(fields_new());
  stream_blocking_write(out, "x", 1, result);
  http_error_code(read_i32(result + 8), result + 16);
  say_stream_error(4);
  stream_check_write(out, result);
  say_stream_error(8);
  stream_flush(out, result);
  say_stream_error(4);
  say_number(result[16]);
  const i32 log = get_stderr();
  stream_blocking_write(log, said, said_length, result);
  end(out);
}

const probe_case cases[] = {{"echo", echo},
                            {"echo-by-splice", echo_by_splice},
                            {"look-without-waiting", look_without_waiting},
                            {"trailers", trailers},
                            {"consume-twice", consume_twice},
                            {"finish-with-stream", finish_with_stream},
                            {"drop-stream-under-pollable", drop_stream_under_pollable},
                            {"no-response", no_response},
                            {"no-body", no_body},
                            {"error-response", error_response},
                            {"held-at-limit", held_at_limit},
                            {"held-past-limit", held_past_limit},
                            {"finish-then-set", finish_then_set},
                            {"drop-body-open", drop_body_open},
                            {"return-body-open", return_body_open},
                            {"two-bodies", two_bodies},
                            {"promised-exactly", promised_exactly},
                            {"promised-more", promised_more},
                            {"promised-less", promised_less},
                            {"promised-none-written", promised_none_written},
                            {"finish-with-trailers", finish_with_trailers},
                            {"set-twice", set_twice},
                            {"keep-stream", keep_stream},
                            {"keep-request", keep_request},
                            {"write-past-room", write_past_room},
                            {"blocking-write-too-much", blocking_write_too_much},
                            {"zeroes", zeroes},
                            {"small-window", stream_while_window_is_small},
                            {"wait-for-room", wait_for_room},
                            {"client-gone", client_gone},
                            {0, 0}};

// Cases about the head of a response, and about there being exactly one.
#include "hostile.h"

HOSTILE(never_set) {}

HOSTILE(outparam_dropped) {
  outparam_drop(outparam);
}

HOSTILE(set_twice) {
  start(outparam);
  start(outparam);
}

HOSTILE(set_twice_after_body) {
  answer(outparam, "whole");
  start(outparam);
}

static void set_status(Handle outparam, i32 status) {
  Out out;
  const Handle response = response_new(fields_new());
  if (response_set_status(response, status) != 0) return answer(outparam, "refused");
  response_body(response, &out);
  const auto body = static_cast<Handle>(out.word(4));
  outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  body_finish(body, 0, 0, &out);
}
HOSTILE(status_0) {
  set_status(outparam, 0);
}
HOSTILE(status_99) {
  set_status(outparam, 99);
}
HOSTILE(status_100) {
  set_status(outparam, 100);
}
HOSTILE(status_101) {
  set_status(outparam, 101);
}
HOSTILE(status_600) {
  set_status(outparam, 600);
}
HOSTILE(status_1000) {
  set_status(outparam, 1000);
}
HOSTILE(status_65535) {
  set_status(outparam, 65535);
}

// wasi:http's own way to say that there is no response: internal-error, without a text.
HOSTILE(error_instead) {
  outparam_set(outparam, 1, 38, 0, 0, 0, 0, 0, 0);
}
HOSTILE(error_unknown_case) {
  outparam_set(outparam, 1, 39, 0, 0, 0, 0, 0, 0);
}

HOSTILE(without_body) {
  outparam_set(outparam, 0, response_new(fields_new()), 0, 0, 0, 0, 0, 0);
}

HOSTILE(body_never_finished) {
  const Body body = start(outparam);
  put(body, "not the end", 11);
}

HOSTILE(body_dropped) {
  const Body body = start(outparam);
  put(body, "not the end", 11);
  stream_drop(body.stream);
  body_drop(body.body);
}

HOSTILE(two_bodies) {
  Out out;
  const Handle response = response_new(fields_new());
  response_body(response, &out);
  response_body(response, &out);
  answer_refused(outparam, out.byte(0) == 1);
}

HOSTILE(two_content_lengths) {
  Out out;
  const Handle fields = fields_with("content-length", "5");
  fields_append(fields, "content-length", 14, "7", 1, &out);
  const Body body = start(outparam, 200, fields);
  put(body, "hello", 5);
  end(body);
}

HOSTILE(content_length_garbage) {
  const Body body = start(outparam, 200, fields_with("content-length", "5, 5e3 -1"));
  put(body, "hello", 5);
  end(body);
}

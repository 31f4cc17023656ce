// Cases about handles: too many, too old, of the wrong kind.
#include "hostile.h"

HOSTILE(endless_fields) {
  while (true) fields_new();
}

HOSTILE(endless_clones) {
  const Handle fields = request_headers(request);
  while (true) fields_clone(fields);
}

HOSTILE(endless_request_headers) {
  while (true) request_headers(request);
}

HOSTILE(endless_responses) {
  while (true) response_new(fields_new());
}

HOSTILE(endless_pollables) {
  while (true) clock_subscribe(1'000'000'000);
}

HOSTILE(endless_streams) {
  while (true) stderr_get();
}

HOSTILE(use_after_drop) {
  const Handle fields = fields_new();
  fields_drop(fields);
  Out out;
  fields_entries(fields, &out);
  answer(outparam, "used");
}

HOSTILE(drop_twice) {
  const Handle fields = fields_new();
  fields_drop(fields);
  fields_drop(fields);
  answer(outparam, "dropped");
}

HOSTILE(wrong_kind) {
  Out out;
  fields_entries(clock_subscribe(1), &out);
  answer(outparam, "used");
}

HOSTILE(guessed_handle) {
  Out out;
  fields_entries(123'456'789, &out);
  answer(outparam, "used");
}

HOSTILE(negative_handle) {
  pollable_drop(-1);
  answer(outparam, "dropped");
}

// The host may forbid it or keep the child working; it must not go wrong.
HOSTILE(request_dropped_before_headers) {
  const Handle fields = request_headers(request);
  request_drop(request);
  Out out;
  fields_entries(fields, &out);
  answer(outparam, "used");
}

HOSTILE(request_dropped_before_body) {
  const Handle stream = request_stream(request);
  request_drop(request);
  Out out;
  stream_blocking_read(stream, 4096, &out);
  answer(outparam, "used");
}

HOSTILE(body_dropped_before_stream) {
  const Body body = start(outparam);
  body_drop(body.body);
  put(body, "late", 4);
  stream_drop(body.stream);
}

HOSTILE(stream_dropped_before_pollable) {
  const Body body = start(outparam);
  const Handle pollable = stream_subscribe(body.stream);
  stream_drop(body.stream);
  pollable_block(pollable);
  Out out;
  body_finish(body.body, 0, 0, &out);
}

HOSTILE(fields_used_after_response) {
  Out out;
  const Handle fields = fields_new();
  response_new(fields);
  fields_append(fields, "x-a", 3, "b", 1, &out);
  answer(outparam, "used");
}

HOSTILE(poll_nothing) {
  Out out;
  poll_list(nullptr, 0, &out);
  answer(outparam, "polled");
}

HOSTILE(poll_out_of_bounds) {
  Out out;
  poll_list(reinterpret_cast<const void*>(0xFFFFFFF0U), 100, &out);
  answer(outparam, "polled");
}

HOSTILE(poll_million_times_the_same) {
  constexpr u32 count = 1'000'000;
  auto* list = reinterpret_cast<Handle*>(more_memory(count * sizeof(Handle)));
  if (list == nullptr) __builtin_trap();
  const Handle soon = clock_subscribe(1);
  for (u32 i = 0; i < count; ++i) list[i] = soon;
  Out out;
  poll_list(list, count, &out);
  answer(outparam, "polled");
}

HOSTILE(result_out_of_bounds) {
  request_path(request, reinterpret_cast<Out*>(0xFFFFFFF8U));
}

HOSTILE(result_unaligned) {
  static Out out[2];
  request_path(request, reinterpret_cast<Out*>(reinterpret_cast<u8*>(out) + 1));
}

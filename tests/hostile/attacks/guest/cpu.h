// Attacks that want the processor for themselves.
#pragma once

#include "tenant.h"

// For A ms, or until the budget ends it.
inline void spin(const Attack& attack) {
  const u64 begin = clock_now();
  volatile u32 count = 0;
  while (clock_now() - begin < attack.a * kMillisecond) {
    for (u32 i = 0; i < 1'000; ++i) count = count + 1;
  }
  answer(attack.outparam, "spun");
}

inline void spin_after_head(const Attack& attack) {
  const Body body = start(attack.outparam);
  put(body, "start", 5);
  for (volatile u32 i = 0;; i = i + 1) {
  }
}

static u32 deeper(volatile u32* depth) {
  volatile u32 here = *depth + 1;
  return here == 0 ? 0 : deeper(&here) + here;
}
inline void recurse(const Attack&) {
  volatile u32 depth = 0;
  deeper(&depth);
}

inline void host_calls(const Attack&) {
  while (true) clock_now();
}

inline void naps(const Attack&) {
  while (true) wait_ns(0);
}

// Numbers that some processors are a hundred times slower with: A million of them.
inline void denormals(const Attack& attack) {
  volatile double number = 5e-324;
  for (u64 i = 0; i < attack.a * 1'000'000; ++i) number = number * 0.5 + 5e-324;
  answer(attack.outparam, "counted");
}

// A pollables of different times, polled B times.
inline void polls(const Attack& attack) {
  static Handle handles[16'384];
  u32 count = 0;
  while (count < attack.a && count < 16'383) {
    handles[count] = clock_subscribe((count + 3'600) * 1'000 * kMillisecond);
    ++count;
  }
  handles[count++] = clock_subscribe(1'000);
  Out out;
  for (u64 i = 0; i < attack.b; ++i) poll_list(handles, count, &out);
  answer(attack.outparam, "polled");
}

// B times A random bytes.
inline void random(const Attack& attack) {
  Out out;
  for (u64 i = 0; i < attack.b; ++i) random_bytes(attack.a, &out);
  answer(attack.outparam, "drawn");
}

// Copies of all the request's fields, made by the host in one call, without end.
inline void entries(const Attack& attack) {
  Out out;
  const Handle fields = request_headers(attack.request);
  while (true) fields_entries(fields, &out);
}

inline void trap(const Attack&) {
  __builtin_trap();
}

inline void trap_after_head(const Attack& attack) {
  start(attack.outparam);
  __builtin_trap();
}

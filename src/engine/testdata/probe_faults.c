// Cases that end a guest, and cases of time, polling and memory.
#include "probe.h"

static void unreachable(void) {
  __builtin_trap();
}
// Uses the engine's stack alone: its own frame has nothing in memory.
static volatile u32 depth = 1;
__attribute__((noinline)) static u32 deep(u32 n) {
  if (depth == 0) return n;
  return deep(n + depth) * 3 + n;
}
static void stack(void) {
  say_number(deep(1));
}
static void out_of_bounds(void) {
  say_number(*(volatile u32*)0xfffffff0u);
}
static void divide(void) {
  volatile u32 zero = 0, all = 1000;
  say_number(all / zero);
}
static void spin(void) {
  for (volatile u32 i = 0;;) i = i + 1;
}
static void work(void) {
  for (volatile u32 i = 0; i < 20000000;) i = i + 1;
  say("done");
}

static void grow(u32 pages) {
  const u32 before = __builtin_wasm_memory_size(0);
  const u32 got = __builtin_wasm_memory_grow(0, pages);
  if (got == (u32)-1) {
    say("refused");
  } else {
    say(got == before ? "grown" : "odd");
  }
}
static void grow_little(void) {
  grow(16);
}
static void grow_much(void) {
  grow(1024);
}
static void grow_beyond_type(void) {
  grow(65536);
}

static void poll_nothing(void) {
  poll(0, 0, result);
}
static void poll_timers(void) {
  const i32 list[3] = {clock_after(3600000000000ll), clock_after(0), clock_at(clock_now())};
  poll(list, 3, result);
  const u32* ready = *(u32**)result;
  for (u32 i = 0; i < *(u32*)(result + 4); i++) say_number(ready[i]);
  say_number((u64)pollable_ready(list[0]));
  for (u32 i = 0; i < 3; i++) drop_pollable(list[i]);
}
static void wait_a_little(void) {
  const i64 before = clock_now();
  const i32 timer = clock_after(2000000);
  pollable_block(timer);
  say(clock_now() - before >= 2000000 ? "waited" : "early");
}
static void wait_for_ever(void) {
  pollable_block(clock_after(-1));
}
static void poll_same_twice(void) {
  const i32 timer = clock_after(0);
  const i32 list[2] = {timer, timer};
  poll(list, 2, result);
  say_number(*(u32*)(result + 4));
}

static void logs(void) {
  const i32 out = get_stdout();
  stream_check_write(out, result);
  say_number(*(u64*)(result + 8));
  stream_write(out, "to out", 6, result);
  drop_output(out);
  const i32 err = get_stderr();
  stream_blocking_write(err, "to err", 6, result);
}

// Memory that the host keeps for the guest.
static char many[60000];
static void hold_buffers(void) {
  for (;;) {
    const i32 stream = new_stream(new_body(response_new(fields_new())));
    write_all(stream, many, sizeof many);
  }
}

static void bad_utf8(void) {
  fields_has(fields_new(), "\xff\xfe", 2);
}
static void bad_handle(void) {
  drop_fields(12345);
}

const probe_case cases[] = {{"unreachable", unreachable},
                            {"stack", stack},
                            {"out-of-bounds", out_of_bounds},
                            {"divide", divide},
                            {"spin", spin},
                            {"work", work},
                            {"grow-little", grow_little},
                            {"grow-much", grow_much},
                            {"grow-beyond-type", grow_beyond_type},
                            {"poll-nothing", poll_nothing},
                            {"poll-timers", poll_timers},
                            {"poll-same-twice", poll_same_twice},
                            {"wait-a-little", wait_a_little},
                            {"wait-for-ever", wait_for_ever},
                            {"logs", logs},
                            {"hold-buffers", hold_buffers},
                            {"bad-utf8", bad_utf8},
                            {"bad-handle", bad_handle},
                            {0, 0}};

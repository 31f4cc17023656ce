// Cases that burn time: the CPU budget of a request must end them.
#include "hostile.h"

HOSTILE(endless_loop) {
  for (volatile u32 i = 0;; i = i + 1) {
  }
}

HOSTILE(endless_loop_after_head) {
  const Body body = start(outparam);
  put(body, "start", 5);
  for (volatile u32 i = 0;; i = i + 1) {
  }
}

static u32 recurse(volatile u32* n) {
  volatile u32 here = *n + 1;
  return here == 0 ? 0 : recurse(&here) + here;
}

HOSTILE(endless_recursion) {
  volatile u32 n = 0;
  recurse(&n);
}

HOSTILE(endless_host_calls) {
  while (true) clock_now();
}

HOSTILE(endless_ready) {
  const Handle never = clock_subscribe(~0ULL);
  while (true) pollable_ready(never);
}

HOSTILE(endless_naps) {
  while (true) wait_ns(0);
}

HOSTILE(endless_allocation) {
  Out out;
  const Handle fields = request_headers(request);
  while (true) fields_entries(fields, &out);
}

// One instruction that moves much, again and again.
HOSTILE(memory_fill) {
  u32 size = 48U << 20U;
  u8* memory = nullptr;
  while (memory == nullptr && size > kPage) {
    memory = more_memory(size);
    if (memory == nullptr) size /= 2;
  }
  for (u8 value = 0;; ++value) {
    __builtin_memset(memory, value, size);
    asm volatile("" ::: "memory");
  }
}

// The same for copies that overlap, from either end.
HOSTILE(memory_copy) {
  u32 size = 48U << 20U;
  u8* memory = nullptr;
  while (memory == nullptr && size > kPage) {
    memory = more_memory(size);
    if (memory == nullptr) size /= 2;
  }
  for (;;) {
    __builtin_memmove(memory + 1, memory, size - 1);
    __builtin_memmove(memory, memory + 1, size - 1);
    asm volatile("" ::: "memory");
  }
}

// What is copied in pieces is what would have been copied at once.
HOSTILE(memory_copied_right) {
  constexpr u32 kSize = 3U << 20U;
  u8* const memory = more_memory(kSize);
  for (u32 at = 0; at < kSize; ++at) memory[at] = static_cast<u8>(at * 31 >> 5);
  __builtin_memmove(memory + 700'001, memory, 2'000'000);
  bool right = true;
  for (u32 at = 0; at < 2'000'000; ++at) {
    right = right && memory[700'001 + at] == static_cast<u8>(at * 31 >> 5);
  }
  __builtin_memmove(memory + 5, memory + 700'001, 2'000'000);
  for (u32 at = 0; at < 2'000'000; ++at) {
    right = right && memory[5 + at] == static_cast<u8>(at * 31 >> 5);
  }
  answer(outparam, right ? "right" : "wrong");
}

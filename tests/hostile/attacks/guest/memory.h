// Attacks that want memory, and the instructions that move much of it at once.
#pragma once

#include "tenant.h"

// Keeps the compiler from leaving out what nobody reads.
inline void touch(const void* memory) {
  asm volatile("" ::"r"(memory) : "memory");
}

// A MiB, filled B times by one instruction each.
inline void fill(const Attack& attack) {
  u8* const memory = memory_of(attack.a << 20U);
  for (u64 i = 0; i < attack.b; ++i) {
    __builtin_memset(memory, static_cast<int>(i), attack.a << 20U);
    touch(memory);
  }
  answer(attack.outparam, "filled");
}

// A MiB, moved by one byte B times.
inline void copy(const Attack& attack) {
  u8* const memory = memory_of(attack.a << 20U);
  for (u64 i = 0; i < attack.b; ++i) {
    __builtin_memmove(memory, memory + 1, (attack.a << 20U) - 1);
    touch(memory);
  }
  answer(attack.outparam, "copied");
}

static __externref_t table[0];

// A table of A entries, or of as many as it may have, moved and filled B times.
inline void tables(const Attack& attack) {
  auto count = static_cast<u32>(attack.a);
  while (count > 0 && __builtin_wasm_table_grow(table, __builtin_wasm_ref_null_extern(),
                                                static_cast<int>(count)) < 0) {
    count /= 2;
  }
  for (u64 i = 0; i < attack.b && count > 1; ++i) {
    __builtin_wasm_table_copy(table, table, 1, 0, static_cast<int>(count) - 1);
    __builtin_wasm_table_fill(table, 0, __builtin_wasm_ref_null_extern(), static_cast<int>(count));
  }
  answer(attack.outparam, "moved");
}

// Every page of A MiB is used; then B ms of nothing. An instance that serves again keeps them all.
inline void hold(const Attack& attack) {
  for (u64 i = 0; i < attack.a << 4U; ++i) {
    u8* const page = more_memory(kPage);
    if (page == nullptr) break;
    for (u32 at = 0; at < kPage; at += 4096) page[at] = 1;
  }
  hold_ms(attack.b);
  answer(attack.outparam, "held");
}

// As a program does that cannot go on without memory.
inline void exhaust(const Attack&) {
  while (u8* const page = more_memory(kPage)) page[0] = page[kPage - 1] = 1;
  __builtin_trap();
}

// A list of A bytes, made by the host in the guest's memory.
inline void list(const Attack& attack) {
  Out out;
  random_bytes(attack.a, &out);
  answer(attack.outparam, "made");
}

// A collections of fields of B bytes each, held by the host for 3 s.
inline void collections(const Attack& attack) {
  static char value[4'000];
  __builtin_memset(value, 'c', sizeof value);
  Out out;
  u64 made = 0;
  for (; made < attack.a; ++made) {
    const Handle fields = fields_new();
    for (u64 size = 0; size < attack.b; size += sizeof value) {
      fields_append(fields, "x-a", 3, value, sizeof value, &out);
    }
  }
  hold_ms(3'000);
  (Report() << "collections " << made).answer(attack.outparam);
}

// A resources of a kind that holds little, B ms.
inline void handles(const Attack& attack) {
  for (u64 i = 0; i < attack.a; ++i) fields_new();
  hold_ms(attack.b);
  answer(attack.outparam, "held");
}

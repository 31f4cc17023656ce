// Cases that take memory.
#include "hostile.h"

// As a program does that cannot go on without memory.
HOSTILE(memory_growth) {
  while (more_memory(kPage) != nullptr) {
  }
  __builtin_trap();
}

// As a program does that can: refusal alone is no fault.
HOSTILE(memory_growth_survived) {
  while (more_memory(16 * kPage) != nullptr) {
  }
  answer(outparam, "survived");
}

HOSTILE(memory_touched) {
  while (u8* page = more_memory(kPage)) page[0] = page[4096] = page[kPage - 1] = 1;
  __builtin_trap();
}

#ifdef __wasm_reference_types__
static __externref_t table[0];

HOSTILE(table_growth) {
  while (__builtin_wasm_table_grow(table, __builtin_wasm_ref_null_extern(), 65536) >= 0) {
  }
  __builtin_trap();
}

HOSTILE(table_growth_survived) {
  while (__builtin_wasm_table_grow(table, __builtin_wasm_ref_null_extern(), 1 << 20) >= 0) {
  }
  answer(outparam, "survived");
}
#endif

// Its memory is larger than any cage from its start: see the manifest's flags.
HOSTILE(memory_at_start) {
  answer(outparam, "made");
}

// The host makes a list in the guest's memory, of any size that the guest names.
HOSTILE(huge_list_from_host) {
  Out out;
  random_bytes(3ULL << 30U, &out);
  answer(outparam, "made");
}
HOSTILE(endless_list_from_host) {
  Out out;
  random_bytes(~0ULL, &out);
  answer(outparam, "made");
}

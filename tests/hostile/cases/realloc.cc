// Cases where the guest's allocator, which the host calls, misbehaves.
#define HOSTILE_OWN_REALLOC
#include "hostile.h"

#define REALLOC_CASE(name)    \
  HOSTILE(name) {             \
    Out out;                  \
    random_bytes(64, &out);   \
    answer(outparam, "made"); \
  }
REALLOC_CASE(realloc_out_of_bounds)
REALLOC_CASE(realloc_at_the_edge)
REALLOC_CASE(realloc_traps)
REALLOC_CASE(realloc_loops)
REALLOC_CASE(realloc_calls_host)

#define NAME_IS(name) (__builtin_strcmp(STRING(HOSTILE_CASE), #name) == 0)
#define STRING(x) STRING_OF(x)
#define STRING_OF(x) #x

extern "C" __attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void*, u32, u32,
                                                                           u32 size) {
  static u8 room[kPage];
  if (size != 64) return room;  // The path of the request, so that /ok is answered.
  if (NAME_IS(realloc_out_of_bounds)) return reinterpret_cast<void*>(0xFFFFFFF0U);
  if (NAME_IS(realloc_at_the_edge)) {
    return reinterpret_cast<void*>(__builtin_wasm_memory_size(0) * kPage - 63);
  }
  if (NAME_IS(realloc_traps)) __builtin_trap();
  if (NAME_IS(realloc_loops)) {
    for (volatile u32 i = 0;; i = i + 1) {
    }
  }
  clock_now();
  return room;
}

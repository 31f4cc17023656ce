// Cases whose start function misbehaves: no instance can be made. /ok cannot work either.
#include "hostile.h"

HOSTILE(start_traps) {
  answer(outparam, "made");
}
HOSTILE(start_loops) {
  answer(outparam, "made");
}
HOSTILE(start_grows) {
  answer(outparam, "made");
}

#define NAME_IS(name) (__builtin_strcmp(STRING(HOSTILE_CASE), #name) == 0)
#define STRING(x) STRING_OF(x)
#define STRING_OF(x) #x

extern "C" __attribute__((export_name("_initialize"))) void initialize() {
  if (NAME_IS(start_traps)) __builtin_trap();
  if (NAME_IS(start_loops)) {
    for (volatile u32 i = 0;; i = i + 1) {
    }
  }
  while (u8* page = more_memory(kPage)) page[0] = 1;
  __builtin_trap();
}

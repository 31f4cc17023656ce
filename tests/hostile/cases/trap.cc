// Cases that trap, at each point of a response.
#include "hostile.h"

HOSTILE(trap_before_head) {
  __builtin_trap();
}

HOSTILE(trap_after_head) {
  start(outparam);
  __builtin_trap();
}

HOSTILE(trap_in_body) {
  const Body body = start(outparam);
  for (u32 i = 0; i < 10; ++i) put(body, "a piece of the body\n", 20);
  __builtin_trap();
}

HOSTILE(trap_in_body_of_known_length) {
  const Body body = start(outparam, 200, fields_with("content-length", "1000"));
  put(body, "a piece of the body\n", 20);
  __builtin_trap();
}

HOSTILE(trap_after_body) {
  answer(outparam, "whole");
  __builtin_trap();
}

HOSTILE(divide_by_zero) {
  volatile u32 zero = 0;
  [[maybe_unused]] volatile u32 result = 7 / zero;
}

HOSTILE(load_out_of_bounds) {
  volatile auto* nowhere = reinterpret_cast<volatile u8*>(0xFFFFFFF0U);
  *nowhere = 1;
}

HOSTILE(call_through_wrong_type) {
  // As a number, so that the compiler does not see that it cannot work.
  volatile u32 index = reinterpret_cast<u32>(&trap_after_body);
  reinterpret_cast<u64 (*)(u64)>(index)(1);
}

HOSTILE(exit_with_failure) {
  cli_exit(1);
}

HOSTILE(exit_with_success) {
  cli_exit(0);
}

HOSTILE(exit_in_body) {
  const Body body = start(outparam);
  put(body, "a piece", 7);
  cli_exit(1);
}

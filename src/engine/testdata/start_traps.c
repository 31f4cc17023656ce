// A site that traps when it is started.
#include "guest.h"

__attribute__((export_name("_initialize"))) void initialize(void) {
  __builtin_trap();
}

EXPORT_HANDLE void handle(i32 request, i32 outparam) {
  (void)request;
  (void)outparam;
}

// A site whose start never ends.
#include "guest.h"

__attribute__((export_name("_initialize"))) void initialize(void) {
  for (volatile u32 i = 0;;) i = i + 1;
}

EXPORT_HANDLE void handle(i32 request, i32 outparam) {
  (void)request;
  (void)outparam;
}

// Cases that wait for what never comes: the wall clock must end them.
#include "hostile.h"

HOSTILE(sleep_before_head) {
  wait_ns(3'600'000'000'000);
}

HOSTILE(sleep_after_head) {
  const Body body = start(outparam);
  put(body, "start", 5);
  wait_ns(3'600'000'000'000);
  end(body);
}

// The end of time, and what comes after it.
HOSTILE(sleep_for_ever) {
  wait_ns(~0ULL);
}

HOSTILE(poll_for_ever) {
  const Handle never[2] = {clock_subscribe(~0ULL), clock_subscribe(~0ULL - 1)};
  Out out;
  poll_list(never, 2, &out);
}

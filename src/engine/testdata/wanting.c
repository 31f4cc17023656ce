// A site that imports what nobody offers.
#include "guest.h"

FROM("pear:engine-test/oracle", "ask") i32 ask(void);

EXPORT_HANDLE void handle(i32 request, i32 outparam) {
  (void)request;
  (void)outparam;
  ask();
}

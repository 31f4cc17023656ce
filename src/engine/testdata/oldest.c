// Imports the first version of WASI 0.2, and nothing else.
#include "guest.h"

FROM("wasi:io/streams@0.2.0", "[resource-drop]output-stream") void drop_oldest(i32 self);

__attribute__((export_name("close"))) void close_output(i32 output) {
  drop_oldest(output);
}

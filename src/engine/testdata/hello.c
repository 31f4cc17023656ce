// The smallest site: answers "hello from C path=..." and sets three fields. Also what the benchmark
// calls.
#include "guest.h"

EXPORT_HANDLE void handle(i32 request, i32 outparam) {
  reset_heap();
  u8 result[64] __attribute__((aligned(8)));
  request_path(request, result);
  text path = {"", 0};
  if (result[0]) path = read_text(result + 4);
  drop_request(request);

  static char body[256];
  const u32 length = join(body, sizeof body, "hello from C path=", path);

  const i32 fields = fields_new();
  const i32 response = response_new(fields);
  response_body(response, result);
  const i32 out = read_i32(result + 4);
  outparam_set_ok(outparam, response);
  body_write(out, result);
  const i32 stream = read_i32(result + 4);
  stream_blocking_write(stream, body, length, result);
  drop_output(stream);
  body_finish(out, 0, 0, result);
}

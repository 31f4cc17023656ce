// What the guests of these tests are written with: the component ABI by hand, no C library.
#pragma once

typedef int i32;
typedef long long i64;
typedef unsigned u32;
typedef unsigned long long u64;
typedef unsigned char u8;
typedef unsigned short u16;

typedef struct text {
  const char* data;
  u32 length;
} text;

#define FROM(interface, name) __attribute__((import_module(interface), import_name(name)))
#define HTTP "wasi:http/types@0.2.12"
#define IO "wasi:io/streams@0.2.12"
#define POLL "wasi:io/poll@0.2.12"
#define CLOCK "wasi:clocks/monotonic-clock@0.2.12"
#define EXPORT_HANDLE __attribute__((export_name("wasi:http/incoming-handler@0.2.12#handle")))

FROM(HTTP, "[constructor]fields") i32 fields_new(void);
FROM(HTTP, "[static]fields.from-list")
void fields_from_list(void* entries, u32 count, void* result);
FROM(HTTP, "[method]fields.get") void fields_get(i32 self, const char* name, u32 len, void* result);
FROM(HTTP, "[method]fields.has") i32 fields_has(i32 self, const char* name, u32 len);
FROM(HTTP, "[method]fields.set")
void fields_set(i32 self, const char* name, u32 len, void* values, u32 count, void* result);
FROM(HTTP, "[method]fields.delete")
void fields_delete(i32 self, const char* name, u32 len, void* result);
FROM(HTTP, "[method]fields.append")
void fields_append(i32 self, const char* name, u32 len, const void* value, u32 size, void* result);
FROM(HTTP, "[method]fields.entries") void fields_entries(i32 self, void* result);
FROM(HTTP, "[method]fields.clone") i32 fields_clone(i32 self);
FROM(HTTP, "[resource-drop]fields") void drop_fields(i32 self);

FROM(HTTP, "[method]incoming-request.method") void request_method(i32 self, void* result);
FROM(HTTP, "[method]incoming-request.path-with-query") void request_path(i32 self, void* result);
FROM(HTTP, "[method]incoming-request.scheme") void request_scheme(i32 self, void* result);
FROM(HTTP, "[method]incoming-request.authority") void request_authority(i32 self, void* result);
FROM(HTTP, "[method]incoming-request.headers") i32 request_headers(i32 self);
FROM(HTTP, "[method]incoming-request.consume") void request_consume(i32 self, void* result);
FROM(HTTP, "[resource-drop]incoming-request") void drop_request(i32 self);

FROM(HTTP, "[method]incoming-body.stream") void in_body_stream(i32 self, void* result);
FROM(HTTP, "[static]incoming-body.finish") i32 in_body_finish(i32 self);
FROM(HTTP, "[resource-drop]incoming-body") void drop_in_body(i32 self);
FROM(HTTP, "[method]future-trailers.subscribe") i32 trailers_subscribe(i32 self);
FROM(HTTP, "[method]future-trailers.get") void trailers_get(i32 self, void* result);
FROM(HTTP, "[resource-drop]future-trailers") void drop_trailers(i32 self);

FROM(HTTP, "[constructor]outgoing-response") i32 response_new(i32 fields);
FROM(HTTP, "[method]outgoing-response.status-code") i32 response_status(i32 self);
FROM(HTTP, "[method]outgoing-response.set-status-code")
i32 response_set_status(i32 self, i32 status);
FROM(HTTP, "[method]outgoing-response.headers") i32 response_headers(i32 self);
FROM(HTTP, "[method]outgoing-response.body") void response_body(i32 self, void* result);
FROM(HTTP, "[resource-drop]outgoing-response") void drop_response(i32 self);
FROM(HTTP, "[method]outgoing-body.write") void body_write(i32 self, void* result);
FROM(HTTP, "[static]outgoing-body.finish")
void body_finish(i32 self, i32 has_trailers, i32 trailers, void* result);
FROM(HTTP, "[resource-drop]outgoing-body") void drop_body(i32 self);
FROM(HTTP, "[static]response-outparam.set")
void outparam_set(i32 self, i32 is_error, i32 value, i32 a, i64 b, i32 c, i32 d, i32 e, i32 f);
FROM(HTTP, "[method]response-outparam.send-informational")
void outparam_inform(i32 self, i32 status, i32 fields, void* result);
FROM(HTTP, "[resource-drop]response-outparam") void drop_outparam(i32 self);
FROM(HTTP, "http-error-code") void http_error_code(i32 error, void* result);

FROM(HTTP, "[constructor]outgoing-request") i32 out_request_new(i32 fields);
FROM(HTTP, "[method]outgoing-request.set-method")
i32 out_request_set_method(i32 self, i32 which, const char* name, u32 len);
FROM(HTTP, "[method]outgoing-request.set-path-with-query")
i32 out_request_set_path(i32 self, i32 some, const char* path, u32 len);
FROM(HTTP, "[method]outgoing-request.path-with-query")
void out_request_path(i32 self, void* result);
FROM(HTTP, "[method]outgoing-request.set-scheme")
i32 out_request_set_scheme(i32 self, i32 some, i32 which, const char* name, u32 len);
FROM(HTTP, "[method]outgoing-request.set-authority")
i32 out_request_set_authority(i32 self, i32 some, const char* name, u32 len);
FROM(HTTP, "[method]outgoing-request.headers") i32 out_request_headers(i32 self);
FROM(HTTP, "[method]outgoing-request.body") void out_request_body(i32 self, void* result);
FROM(HTTP, "[constructor]request-options") i32 options_new(void);
FROM(HTTP, "[method]request-options.set-connect-timeout")
i32 options_set_connect(i32 self, i32 some, i64 duration);
FROM(HTTP, "[method]request-options.connect-timeout") void options_connect(i32 self, void* result);
FROM("wasi:http/outgoing-handler@0.2.12", "handle")
void send_request(i32 request, i32 has_options, i32 options, void* result);

FROM(IO, "[method]input-stream.read") void stream_read(i32 self, i64 max, void* result);
FROM(IO, "[method]input-stream.blocking-read")
void stream_blocking_read(i32 self, i64 max, void* result);
FROM(IO, "[method]input-stream.skip") void stream_skip(i32 self, i64 max, void* result);
FROM(IO, "[method]input-stream.blocking-skip")
void stream_blocking_skip(i32 self, i64 max, void* result);
FROM(IO, "[method]input-stream.subscribe") i32 input_subscribe(i32 self);
FROM(IO, "[resource-drop]input-stream") void drop_input(i32 self);
FROM(IO, "[method]output-stream.check-write") void stream_check_write(i32 self, void* result);
FROM(IO, "[method]output-stream.write")
void stream_write(i32 self, const void* data, u32 len, void* result);
FROM(IO, "[method]output-stream.blocking-write-and-flush")
void stream_blocking_write(i32 self, const void* data, u32 len, void* result);
FROM(IO, "[method]output-stream.flush") void stream_flush(i32 self, void* result);
FROM(IO, "[method]output-stream.blocking-flush") void stream_blocking_flush(i32 self, void* result);
FROM(IO, "[method]output-stream.subscribe") i32 output_subscribe(i32 self);
FROM(IO, "[method]output-stream.write-zeroes")
void stream_write_zeroes(i32 self, i64 count, void* result);
FROM(IO, "[method]output-stream.blocking-write-zeroes-and-flush")
void stream_blocking_write_zeroes(i32 self, i64 count, void* result);
FROM(IO, "[method]output-stream.splice")
void stream_splice(i32 self, i32 from, i64 max, void* result);
FROM(IO, "[method]output-stream.blocking-splice")
void stream_blocking_splice(i32 self, i32 from, i64 max, void* result);
FROM(IO, "[resource-drop]output-stream") void drop_output(i32 self);

FROM("wasi:io/error@0.2.12", "[method]error.to-debug-string")
void error_text(i32 self, void* result);
FROM("wasi:io/error@0.2.12", "[resource-drop]error") void drop_error(i32 self);
FROM(POLL, "poll") void poll(const void* list, u32 count, void* result);
FROM(POLL, "[method]pollable.ready") i32 pollable_ready(i32 self);
FROM(POLL, "[method]pollable.block") void pollable_block(i32 self);
FROM(POLL, "[resource-drop]pollable") void drop_pollable(i32 self);
FROM(CLOCK, "now") i64 clock_now(void);
FROM(CLOCK, "resolution") i64 clock_resolution(void);
FROM(CLOCK, "subscribe-duration") i32 clock_after(i64 duration);
FROM(CLOCK, "subscribe-instant") i32 clock_at(i64 instant);
FROM("wasi:cli/stdout@0.2.12", "get-stdout") i32 get_stdout(void);
FROM("wasi:cli/stderr@0.2.12", "get-stderr") i32 get_stderr(void);

#ifndef GUEST_HAS_LIBC
// What the host's lists are written into; reset_heap() at the start of a request frees all of it.
static u8 heap[1 << 20] __attribute__((aligned(16)));
static u32 heap_top = 0;

static inline void reset_heap(void) {
  heap_top = 0;
}

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, u32 size, u32 align,
                                                                u32 want) {
  (void)old;
  (void)size;
  heap_top = (heap_top + align - 1) & ~(align - 1);
  if (heap_top + want > sizeof heap) __builtin_trap();
  void* made = heap + heap_top;
  heap_top += want;
  return made;
}
#endif

static inline i32 read_i32(const u8* at) {
  return *(const i32*)at;
}

static inline text read_text(const u8* at) {
  const text it = {*(const char* const*)at, *(const u32*)(at + 4)};
  return it;
}

static inline u32 length_of(const char* s) {
  u32 n = 0;
  while (s[n]) n++;
  return n;
}

// Writes `first` and `second` into `out`, as much as fits. Returns the length.
static inline u32 join(char* out, u32 size, const char* first, text second) {
  u32 n = 0;
  for (; first[n] && n < size; n++) out[n] = first[n];
  for (u32 i = 0; i < second.length && n < size; i++) out[n++] = second.data[i];
  return n;
}

static inline void outparam_set_ok(i32 outparam, i32 response) {
  outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
}

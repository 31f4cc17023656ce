// What the hostile components share: raw imports, without the SDK, without a standard library, so
// that each can break exactly the rule that it is about.
//
// A source holds several cases; -DHOSTILE_CASE=name picks the one that the component is. Each
// component answers /ok as a decent site does, which shows that the cage has healed, and any other
// path with its case. Source: the component model's CanonicalABI.md.
#pragma once

using i32 = int;
using u8 = unsigned char;
using u32 = unsigned int;
using i64 = long long;
using u64 = unsigned long long;
using Handle = i32;

#define IMPORT(interface, name) \
  extern "C" __attribute__((import_module(interface "@0.2.0"), import_name(name)))

// Where the host writes results that are not a number: read by offset.
struct alignas(8) Out {
  u8 bytes[64];
  u8 byte(u32 at) const { return bytes[at]; }
  u32 word(u32 at) const { return *reinterpret_cast<const u32*>(bytes + at); }
  u64 wide(u32 at) const { return *reinterpret_cast<const u64*>(bytes + at); }
};

struct List {
  const void* data;
  u32 size;
};
struct Field {
  List name;
  List value;
};

IMPORT("wasi:http/types", "[constructor]fields") Handle fields_new();
IMPORT("wasi:http/types", "[static]fields.from-list") void fields_from_list(const void*, u32, Out*);
IMPORT("wasi:http/types", "[method]fields.append")
void fields_append(Handle, const void*, u32, const void*, u32, Out*);
IMPORT("wasi:http/types", "[method]fields.get") void fields_get(Handle, const void*, u32, Out*);
IMPORT("wasi:http/types", "[method]fields.entries") void fields_entries(Handle, Out*);
IMPORT("wasi:http/types", "[method]fields.clone") Handle fields_clone(Handle);
IMPORT("wasi:http/types", "[resource-drop]fields") void fields_drop(Handle);
IMPORT("wasi:http/types", "[method]incoming-request.path-with-query")
void request_path(Handle, Out*);
IMPORT("wasi:http/types", "[method]incoming-request.headers") Handle request_headers(Handle);
IMPORT("wasi:http/types", "[method]incoming-request.consume") void request_consume(Handle, Out*);
IMPORT("wasi:http/types", "[resource-drop]incoming-request") void request_drop(Handle);
IMPORT("wasi:http/types", "[method]incoming-body.stream") void in_body_stream(Handle, Out*);
IMPORT("wasi:http/types", "[resource-drop]incoming-body") void in_body_drop(Handle);
IMPORT("wasi:http/types", "[constructor]outgoing-response") Handle response_new(Handle);
IMPORT("wasi:http/types", "[method]outgoing-response.set-status-code")
i32 response_set_status(Handle, i32);
IMPORT("wasi:http/types", "[method]outgoing-response.body") void response_body(Handle, Out*);
IMPORT("wasi:http/types", "[static]response-outparam.set")
void outparam_set(Handle, i32 failed, i32 response_or_code, i32, i64, i32, i32, i32, i32);
IMPORT("wasi:http/types", "[resource-drop]response-outparam") void outparam_drop(Handle);
IMPORT("wasi:http/types", "[method]outgoing-body.write") void body_write(Handle, Out*);
IMPORT("wasi:http/types", "[static]outgoing-body.finish")
void body_finish(Handle, i32 with_trailers, Handle trailers, Out*);
IMPORT("wasi:http/types", "[resource-drop]outgoing-body") void body_drop(Handle);
IMPORT("wasi:http/types", "[constructor]outgoing-request") Handle out_request_new(Handle);
IMPORT("wasi:http/types", "[method]outgoing-request.set-authority")
i32 out_request_set_authority(Handle, i32 some, const void*, u32);
IMPORT("wasi:http/types", "[method]future-incoming-response.subscribe")
Handle future_subscribe(Handle);
IMPORT("wasi:http/types", "[method]future-incoming-response.get") void future_get(Handle, Out*);
IMPORT("wasi:http/outgoing-handler", "handle")
void outgoing_send(Handle request, i32 some, Handle options, Out*);

IMPORT("wasi:io/streams", "[method]input-stream.blocking-read")
void stream_blocking_read(Handle, u64, Out*);
IMPORT("wasi:io/streams", "[method]input-stream.subscribe") Handle in_stream_subscribe(Handle);
IMPORT("wasi:io/streams", "[resource-drop]input-stream") void in_stream_drop(Handle);
IMPORT("wasi:io/streams", "[method]output-stream.check-write")
void stream_check_write(Handle, Out*);
IMPORT("wasi:io/streams", "[method]output-stream.write")
void stream_write(Handle, const void*, u32, Out*);
IMPORT("wasi:io/streams", "[method]output-stream.blocking-write-and-flush")
void stream_blocking_write(Handle, const void*, u32, Out*);
IMPORT("wasi:io/streams", "[method]output-stream.write-zeroes")
void stream_write_zeroes(Handle, u64, Out*);
IMPORT("wasi:io/streams", "[method]output-stream.blocking-write-zeroes-and-flush")
void stream_blocking_write_zeroes(Handle, u64, Out*);
IMPORT("wasi:io/streams", "[method]output-stream.blocking-splice")
void stream_blocking_splice(Handle, Handle, u64, Out*);
IMPORT("wasi:io/streams", "[method]output-stream.subscribe") Handle stream_subscribe(Handle);
IMPORT("wasi:io/streams", "[resource-drop]output-stream") void stream_drop(Handle);
IMPORT("wasi:io/poll", "poll") void poll_list(const void*, u32, Out*);
IMPORT("wasi:io/poll", "[method]pollable.block") void pollable_block(Handle);
IMPORT("wasi:io/poll", "[method]pollable.ready") i32 pollable_ready(Handle);
IMPORT("wasi:io/poll", "[resource-drop]pollable") void pollable_drop(Handle);

IMPORT("wasi:clocks/monotonic-clock", "now") u64 clock_now();
IMPORT("wasi:clocks/monotonic-clock", "subscribe-duration") Handle clock_subscribe(u64 nanoseconds);
IMPORT("wasi:random/random", "get-random-bytes") void random_bytes(u64, Out*);
IMPORT("wasi:cli/environment", "get-environment") void environment_get(Out*);
IMPORT("wasi:cli/environment", "get-arguments") void arguments_get(Out*);
IMPORT("wasi:cli/exit", "exit") void cli_exit(i32 failed);
IMPORT("wasi:cli/stdout", "get-stdout") Handle stdout_get();
IMPORT("wasi:cli/stderr", "get-stderr") Handle stderr_get();
IMPORT("wasi:filesystem/preopens", "get-directories") void directories_get(Out*);
IMPORT("wasi:filesystem/types", "[method]descriptor.open-at")
void open_at(Handle, i32 path_flags, const void*, u32, i32 open_flags, i32 flags, Out*);
IMPORT("wasi:sockets/instance-network", "instance-network") Handle network_get();
IMPORT("wasi:sockets/tcp-create-socket", "create-tcp-socket") void tcp_create(i32 family, Out*);
IMPORT("wasi:sockets/tcp", "[method]tcp-socket.start-connect")
void tcp_start_connect(Handle, Handle network, i32 family, i32 port, i32, i32, i32, i32, i32, i32,
                       i32, i32, i32, i32, Out*);
IMPORT("wasi:sockets/tcp", "[method]tcp-socket.finish-connect")
void tcp_finish_connect(Handle, Out*);
IMPORT("wasi:sockets/tcp", "[method]tcp-socket.subscribe") Handle tcp_subscribe(Handle);
IMPORT("wasi:sockets/ip-name-lookup", "resolve-addresses")
void resolve(Handle network, const void*, u32, Out*);
IMPORT("wasi:sockets/ip-name-lookup", "[method]resolve-address-stream.resolve-next-address")
void resolve_next(Handle, Out*);
IMPORT("wasi:sockets/ip-name-lookup", "[method]resolve-address-stream.subscribe")
Handle resolve_subscribe(Handle);

// ---- Memory ------------------------------------------------------------------------------------

constexpr u32 kPage = 65536;
extern "C" u8 __heap_base;

// Grows the memory by `bytes`, rounded up to pages. Null when the host refuses.
inline u8* more_memory(u32 bytes) {
  const u32 pages = (bytes + kPage - 1) / kPage;
  const auto before = static_cast<u32>(__builtin_wasm_memory_grow(0, pages));
  return before == ~0U ? nullptr : reinterpret_cast<u8*>(before * kPage);
}

#ifndef HOSTILE_OWN_REALLOC
// 64 KiB, used round and round: nothing that is read here is kept. What is larger gets pages.
extern "C" __attribute__((export_name("cabi_realloc"))) inline void* cabi_realloc(void*, u32, u32,
                                                                                  u32 size) {
  static u8 ring[kPage];
  static u32 at = 0;
  if (size > kPage) {
    u8* pages = more_memory(size);
    if (pages == nullptr) __builtin_trap();
    return pages;
  }
  at = (at + 15) & ~15U;
  if (at + size > kPage) at = 0;
  u8* place = ring + at;
  at += size;
  return place;
}
#endif

inline u32 length(const char* text) {
  u32 n = 0;
  while (text[n] != 0) ++n;
  return n;
}

// ---- Decent behaviour
// ----------------------------------------------------------------------------

struct Body {
  Handle body;
  Handle stream;
};

// Sends a head of that status without fields, and opens its body.
inline Body start(Handle outparam, i32 status = 200, Handle fields = 0) {
  Out out;
  const Handle response = response_new(fields != 0 ? fields : fields_new());
  if (status != 200) response_set_status(response, status);
  response_body(response, &out);
  const auto body = static_cast<Handle>(out.word(4));
  outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  body_write(body, &out);
  return {body, static_cast<Handle>(out.word(4))};
}

// At most 4096 bytes. False: the client has gone.
inline bool put(const Body& body, const void* bytes, u32 size) {
  Out out;
  stream_blocking_write(body.stream, bytes, size, &out);
  return out.byte(0) == 0;
}

inline void end(const Body& body) {
  Out out;
  stream_drop(body.stream);
  body_finish(body.body, 0, 0, &out);
}

// A whole response of status 200.
inline void answer(Handle outparam, const char* text) {
  const Body body = start(outparam);
  put(body, text, length(text));
  end(body);
}

// For what must be refused.
inline void answer_refused(Handle outparam, bool refused) {
  answer(outparam, refused ? "refused" : "accepted");
}

inline Handle fields_with(const char* name, const char* value) {
  Out out;
  const Handle fields = fields_new();
  fields_append(fields, name, length(name), value, length(value), &out);
  return fields;
}

inline Handle request_stream(Handle request) {
  Out out;
  request_consume(request, &out);
  in_body_stream(static_cast<Handle>(out.word(4)), &out);
  return static_cast<Handle>(out.word(4));
}

inline void wait_ns(u64 nanoseconds) {
  const Handle pollable = clock_subscribe(nanoseconds);
  pollable_block(pollable);
  pollable_drop(pollable);
}

// ---- The case
// ------------------------------------------------------------------------------------

#define HOSTILE(name)                                                \
  [[maybe_unused]] static void name([[maybe_unused]] Handle request, \
                                    [[maybe_unused]] Handle outparam)

static void HOSTILE_CASE(Handle request, Handle outparam);

extern "C" __attribute__((export_name("wasi:http/incoming-handler@0.2.0#handle"))) inline void
entry(Handle request, Handle outparam) {
  Out out;
  request_path(request, &out);
  const auto* path = reinterpret_cast<const char*>(out.word(4));
  const bool ok =
      out.byte(0) != 0 && out.word(8) == 3 && path[0] == '/' && path[1] == 'o' && path[2] == 'k';
  if (!ok) return HOSTILE_CASE(request, outparam);
  request_drop(request);
  answer(outparam, "ok");
}

// The canonical ABI of what sdk/wit declares, by hand: each import as the core function that it is,
// and each result as the struct that the host writes.
//
// Source: the component model's CanonicalABI.md (flattening, layout of records and variants) for
// wasm32. A struct here has the fields of the WIT type in order, a variant's case first, so that
// C++ lays it out as the ABI does; static_asserts hold that.
//
// Thread: a guest has one. Memory: lists and strings from the host land in the request's arena, or
// in a Landing that the caller prepared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pear/arena.h"

static_assert(sizeof(void*) == 4, "guests are wasm32: build with --target=wasm32-wasi");

namespace pear::abi {

using Handle = std::int32_t;

// ---- Layouts ---------------------------------------------------------------------------------

struct List {  // list<u8> and string.
  const char* data;
  std::uint32_t size;

  [[nodiscard]] std::string_view view() const { return {data, size}; }
};

struct OptionList {  // option<string>
  std::uint8_t some;
  List value;
};
static_assert(offsetof(OptionList, value) == 4 && sizeof(OptionList) == 12);

struct OptionScheme {  // option<variant { HTTP, HTTPS, other(string) }>
  std::uint8_t some;
  std::uint8_t scheme alignas(4);
  List other;
};
static_assert(offsetof(OptionScheme, scheme) == 4 && offsetof(OptionScheme, other) == 8);

struct Method {  // variant { get, head, ..., patch, other(string) }
  std::uint8_t which;
  List other;
};
static_assert(offsetof(Method, other) == 4 && sizeof(Method) == 12);

struct Field {  // tuple<string, list<u8>> and tuple<string, string>
  List name;
  List value;
};
static_assert(sizeof(Field) == 16);

struct ListOf {  // list<tuple<...>>, list<list<u8>>: elements are read by the caller.
  const void* data;
  std::uint32_t size;
};

struct HandleResult {  // result<own<...>> and result<own<...>, header-error>
  std::uint8_t failed;
  union {
    Handle handle;
    std::uint8_t error;
  };
};
static_assert(offsetof(HandleResult, handle) == 4 && sizeof(HandleResult) == 8);

struct StreamError {  // variant { last-operation-failed(own<error>), closed }
  std::uint8_t which;
  Handle error;
};
inline constexpr std::uint8_t kLastOperationFailed = 0;
inline constexpr std::uint8_t kClosed = 1;

struct UnitStreamResult {  // result<_, stream-error>
  std::uint8_t failed;
  StreamError error;
};
static_assert(offsetof(UnitStreamResult, error) == 4 && sizeof(UnitStreamResult) == 12);

struct ListStreamResult {  // result<list<u8>, stream-error>
  std::uint8_t failed;
  union {
    List list;
    StreamError error;
  };
};
static_assert(offsetof(ListStreamResult, list) == 4 && sizeof(ListStreamResult) == 12);

struct PermitResult {  // result<u64, stream-error>
  std::uint8_t failed;
  union {
    std::uint64_t permit;
    StreamError error;
  };
};
static_assert(offsetof(PermitResult, permit) == 8 && sizeof(PermitResult) == 16);

struct FinishResult {  // result<_, error-code>; the code is not read.
  std::uint8_t failed;
  alignas(8) std::uint8_t code[32];
};
static_assert(offsetof(FinishResult, code) == 8 && sizeof(FinishResult) == 40);

struct Datetime {
  std::uint64_t seconds;
  std::uint32_t nanoseconds;
};

// ---- Imports ---------------------------------------------------------------------------------

#define PEAR_IMPORT(interface, function) \
  extern "C" __attribute__((import_module(interface), import_name(function)))
#define PEAR_HTTP(function) PEAR_IMPORT("wasi:http/types@0.2.0", function)
#define PEAR_STREAMS(function) PEAR_IMPORT("wasi:io/streams@0.2.0", function)

PEAR_HTTP("[constructor]fields") Handle pear_fields_new();
PEAR_HTTP("[static]fields.from-list")
void pear_fields_from_list(const Field* fields, std::uint32_t count, HandleResult* out);
PEAR_HTTP("[method]fields.get")
void pear_fields_get(Handle fields, const char* name, std::uint32_t size, ListOf* out);
PEAR_HTTP("[method]fields.entries") void pear_fields_entries(Handle fields, ListOf* out);
PEAR_HTTP("[resource-drop]fields") void pear_fields_drop(Handle fields);

PEAR_HTTP("[method]incoming-request.method") void pear_request_method(Handle request, Method* out);
PEAR_HTTP("[method]incoming-request.path-with-query")
void pear_request_target(Handle request, OptionList* out);
PEAR_HTTP("[method]incoming-request.scheme")
void pear_request_scheme(Handle request, OptionScheme* out);
PEAR_HTTP("[method]incoming-request.authority")
void pear_request_authority(Handle request, OptionList* out);
PEAR_HTTP("[method]incoming-request.headers") Handle pear_request_headers(Handle request);
PEAR_HTTP("[method]incoming-request.consume")
void pear_request_consume(Handle request, HandleResult* out);
PEAR_HTTP("[resource-drop]incoming-request") void pear_request_drop(Handle request);

PEAR_HTTP("[method]incoming-body.stream")
void pear_incoming_body_stream(Handle body, HandleResult* out);
PEAR_HTTP("[resource-drop]incoming-body") void pear_incoming_body_drop(Handle body);

PEAR_HTTP("[constructor]outgoing-response") Handle pear_response_new(Handle fields);
PEAR_HTTP("[method]outgoing-response.set-status-code")
std::int32_t pear_response_set_status(Handle response, std::int32_t status);
PEAR_HTTP("[method]outgoing-response.body")
void pear_response_body(Handle response, HandleResult* out);

// response-outparam.set with the case `ok`; the other parameters are those of an error-code.
PEAR_HTTP("[static]response-outparam.set")
void pear_outparam_set(Handle outparam, std::int32_t failed, Handle response, std::int32_t,
                       std::int64_t, std::int32_t, std::int32_t, std::int32_t, std::int32_t);

PEAR_HTTP("[method]outgoing-body.write")
void pear_outgoing_body_write(Handle body, HandleResult* out);
PEAR_HTTP("[static]outgoing-body.finish")
void pear_outgoing_body_finish(Handle body, std::int32_t with_trailers, Handle trailers,
                               FinishResult* out);
PEAR_HTTP("[resource-drop]outgoing-body") void pear_outgoing_body_drop(Handle body);

PEAR_STREAMS("[method]input-stream.blocking-read")
void pear_stream_blocking_read(Handle stream, std::uint64_t max, ListStreamResult* out);
PEAR_STREAMS("[resource-drop]input-stream") void pear_input_stream_drop(Handle stream);

PEAR_STREAMS("[method]output-stream.check-write")
void pear_stream_check_write(Handle stream, PermitResult* out);
PEAR_STREAMS("[method]output-stream.write")
void pear_stream_write(Handle stream, const char* data, std::uint32_t size, UnitStreamResult* out);
PEAR_STREAMS("[method]output-stream.blocking-write-and-flush")
void pear_stream_blocking_write_and_flush(Handle stream, const char* data, std::uint32_t size,
                                          UnitStreamResult* out);
PEAR_STREAMS("[method]output-stream.blocking-flush")
void pear_stream_blocking_flush(Handle stream, UnitStreamResult* out);
PEAR_STREAMS("[method]output-stream.subscribe") Handle pear_output_stream_subscribe(Handle stream);
PEAR_STREAMS("[resource-drop]output-stream") void pear_output_stream_drop(Handle stream);

PEAR_IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void pear_error_drop(Handle error);
PEAR_IMPORT("wasi:io/poll@0.2.0", "[method]pollable.block")
void pear_pollable_block(Handle pollable);
PEAR_IMPORT("wasi:io/poll@0.2.0", "[resource-drop]pollable")
void pear_pollable_drop(Handle pollable);

PEAR_IMPORT("wasi:clocks/monotonic-clock@0.2.0", "now") std::uint64_t pear_monotonic_now();
PEAR_IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration")
Handle pear_monotonic_subscribe_duration(std::uint64_t nanoseconds);
PEAR_IMPORT("wasi:clocks/wall-clock@0.2.0", "now") void pear_wall_now(Datetime* out);
PEAR_IMPORT("wasi:random/random@0.2.0", "get-random-bytes")
void pear_random_bytes(std::uint64_t count, List* out);
PEAR_IMPORT("wasi:random/random@0.2.0", "get-random-u64") std::uint64_t pear_random_u64();
PEAR_IMPORT("wasi:cli/environment@0.2.0", "get-environment") void pear_environment(ListOf* out);
PEAR_IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") Handle pear_stderr();

#undef PEAR_STREAMS
#undef PEAR_HTTP

// ---- Memory for the host ---------------------------------------------------------------------

// In zeroed memory, which takes no room in the component.
alignas(16) inline std::byte arena_first_block[std::size_t{8} * 1024];
inline constinit Arena arena{arena_first_block};

// Where the next list from the host goes, when it fits: straight into the caller's buffer.
inline constinit std::byte* landing_place = nullptr;
inline constinit std::size_t landing_bytes = 0;

class Landing {
 public:
  Landing(void* place, std::size_t bytes) {
    landing_place = static_cast<std::byte*>(place);
    landing_bytes = bytes;
  }
  ~Landing() { landing_place = nullptr; }
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;
};

inline void drop_error(const StreamError& error) {
  if (error.which == kLastOperationFailed) pear_error_drop(error.error);
}

}  // namespace pear::abi

// How the host asks for memory. Weak, so that any number of files may include this.
extern "C" __attribute__((weak, export_name("cabi_realloc"))) void* cabi_realloc(
    void* old, std::size_t old_size, std::size_t align, std::size_t size) {
  using namespace pear::abi;
  if (old != nullptr && old_size > 0) {
    return arena.grow(static_cast<std::byte*>(old), old_size, align, size);
  }
  if (landing_place != nullptr && size <= landing_bytes) {
    std::byte* place = landing_place;
    landing_place = nullptr;
    return place;
  }
  return arena.allocate(size, align);
}

// How the preview-1 adapter, where the site uses the C library's input and output, asks for the
// memory that it keeps for the life of the instance. Source: wit-component, which prefers this name
// over cabi_realloc.
extern "C" __attribute__((weak, export_name("cabi_realloc_adapter"))) void* cabi_realloc_adapter(
    void* old, std::size_t old_size, std::size_t align, std::size_t size) {
  void* place = align <= alignof(std::max_align_t) ? std::malloc(size) : nullptr;
  if (place == nullptr) __builtin_trap();
  if (old_size > 0) std::memcpy(place, old, old_size < size ? old_size : size);
  std::free(old);
  return place;
}

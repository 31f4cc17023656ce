/* pear_rust: the C face of the one Rust library. Kept by hand; src/engine/ is its only user.
 *
 * Mechanism only. What is allowed, how much, and what to do next is told to it or asked of it by the
 * C++ side; it decides nothing.
 *
 * Strings:  PearBytes are borrowed and not terminated. Who must keep them alive, and how long, stands
 *           with each use.
 * Errors:   a function that can fail returns false (or null) and fills `error`, when not null, with a
 *           sentence for people. The text is freed with pear_buffer_free.
 * Panics:   none crosses: each function catches them. In pear_instance_poll a panic is the fault
 *           PEAR_FAULT_PANIC of that instance; elsewhere it is an error like any other.
 * Threads:  PearEngine and PearImage may be used from any thread. A PearInstance belongs to the
 *           thread that made it, and is never entered twice at once. It may be handed to another
 *           thread for pear_instance_free alone.
 */
#ifndef PEAR_RUST_H
#define PEAR_RUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PearEngine PearEngine;     /* Compiles and runs; one for each component-model version. */
typedef struct PearImage PearImage;       /* One compiled component, linked; makes instances. */
typedef struct PearInstance PearInstance; /* One store. Serves one request at a time. */
typedef struct PearInbox PearInbox;       /* Instances of one core that other threads woke. */
typedef struct PearShare PearShare;       /* What one site holds of what all sites share: open files. */

typedef struct PearBytes {
  const uint8_t* data; /* May be null when len is 0. */
  size_t len;
} PearBytes;

/* Owned bytes, freed with pear_buffer_free. {0} is empty and needs no free. */
typedef struct PearBuffer {
  uint8_t* data;
  size_t len;
  size_t capacity;
} PearBuffer;
void pear_buffer_free(PearBuffer buffer);

typedef struct PearField {
  PearBytes name; /* Lower case. */
  PearBytes value;
} PearField;

/* ---- Engine ------------------------------------------------------------------------------- */

typedef struct PearEngineOptions {
  bool pooling;                    /* Preallocated slots, kept warm, with copy-on-write images. */
  uint32_t instances_max;          /* Slots of the pool; ignored without pooling. */
  uint64_t memory_bytes_max;       /* Largest linear memory that a slot can hold. */
  uint64_t memory_keep_resident;   /* Written bytes of a slot reset and kept, not given back. */
  uint64_t table_keep_resident;
  uint64_t wasm_stack_bytes;       /* Stack that guest code may use. */
  uint64_t async_stack_bytes;      /* Fiber stack: guest code and host functions together. */
  uint32_t files_max;              /* Descriptors that the guests of all sites may hold together. */
  uint32_t memories_max;           /* Memories and tables of the pool, all instances together. */
  uint32_t tables_max;
} PearEngineOptions;

PearEngine* pear_engine_new(const PearEngineOptions* options, PearBuffer* error);
void pear_engine_free(PearEngine* engine);
/* Ends the slice of every running guest of this engine. Any thread; the ticker calls it. */
void pear_engine_tick(const PearEngine* engine);
/* What, besides the component's bytes, decides whether compiled code fits: version, flags, CPU
 * features. Stable text; a part of the key of the image cache. */
PearBuffer pear_engine_fingerprint(const PearEngine* engine);
/* To be called once by each thread that runs guests, before its first instance. */
void pear_thread_init(void);

/* ---- Image -------------------------------------------------------------------------------- */

/* Compiles a component to machine code. Takes milliseconds to seconds; from a worker. */
bool pear_image_compile(const PearEngine* engine, PearBytes component, PearBuffer* code,
                        PearBuffer* error);
/* Makes an image of what pear_image_compile gave, which the caller must be able to vouch for: it is
 * executed. `code` may be freed afterwards. Fails with a sentence when the component exports no
 * wasi:http/incoming-handler, or imports what Pear does not offer. */
PearImage* pear_image_load(const PearEngine* engine, PearBytes code, PearBuffer* error);
/* The same from an open file that is mapped, not read. The descriptor stays the caller's. */
PearImage* pear_image_load_fd(const PearEngine* engine, int fd, PearBuffer* error);
void pear_image_free(PearImage* image);
/* Memories and tables that an instance takes of the pool. */
void pear_image_needs(const PearImage* image, uint32_t* memories, uint32_t* tables);

/* ---- Share -------------------------------------------------------------------------------- */

/* The share of the site with this name (UTF-8), which all holders of it have together, on all cores and
 * through reloads. Any thread, not on the path of a request. `files_max`: files and folders that the site
 * may have open at once; the newest number holds. Besides, no site has more open than are left for the
 * others. */
PearShare* pear_share_new(const PearEngine* engine, PearBytes site, uint32_t files_max);
void pear_share_free(PearShare* share);

/* ---- The host: what an instance asks of C++ ------------------------------------------------ */

typedef enum PearStream { PEAR_STDOUT = 1, PEAR_STDERR = 2 } PearStream;

typedef enum PearRead {
  PEAR_READ_BYTES = 0,   /* `out` holds at least one byte, valid until the next body_read or the end. */
  PEAR_READ_PENDING = 1, /* Nothing yet: the instance is polled again when there is. */
  PEAR_READ_END = 2,     /* The body is complete; trailers may be read. */
  PEAR_READ_FAILED = 3,  /* The client went away or broke the framing. */
} PearRead;

/* All are called on the instance's thread, from within pear_instance_poll (memory_release also from
 * pear_instance_free, on the thread that calls it), must not block, and must not call back into the
 * instance. None may be null. `instance` and `call` are the contexts given to pear_instance_new and
 * pear_instance_begin. */
typedef struct PearHost {
  /* May this instance have `delta` more bytes of linear memory, tables, or host buffers kept on its
   * behalf? A refusal fails the growth in the guest, or ends the call with PEAR_FAULT_MEMORY where a
   * guest has no way to be told. What was granted is returned with memory_release. */
  bool (*memory_grow)(void* instance, uint64_t delta);
  void (*memory_release)(void* instance, uint64_t delta);
  /* A piece of what the guest wrote to its stdout or stderr, as it came. Never refuses. */
  void (*log)(void* instance, PearStream stream, PearBytes text);

  /* The head of the response, once in a call. `status` is 200 to 599, the fields are valid lower-case
   * tokens and values, and none is of the connection (connection, transfer-encoding, host ...). A
   * content-length is a number and stands there at most once. To be copied: the fields live until
   * this returns. False: the response is refused by a limit of the host (PEAR_FAULT_LIMIT). */
  bool (*response_head)(void* call, uint16_t status, const PearField* fields, size_t field_count);
  /* An interim response, before response_head; only where the grants allow it. `status` is 102 to 199;
   * the fields are as those of response_head. False: the host sends no more of them in this call. */
  bool (*response_interim)(void* call, uint16_t status, const PearField* fields,
                           size_t field_count);
  /* The guest answered with wasi:http's error-code instead of a response; `code` is its name in WIT. */
  void (*response_error)(void* call, PearBytes code);
  /* Bytes of response body that are taken now without waiting. UINT64_MAX: the client went away and
   * the guest's stream reports an error. After 0 the instance is polled again once there is room.
   * The body_* functions of the response are called only after response_head. */
  uint64_t (*body_window)(void* call);
  /* To be copied; at most body_window bytes. */
  void (*body_write)(void* call, PearBytes bytes);
  /* All that was written so far should reach the client soon. */
  void (*body_flush)(void* call);
  /* The body is complete. Once in a call, and nothing of the response follows. The trailers are valid
   * as the fields of response_head are. */
  void (*body_finish)(void* call, const PearField* trailers, size_t trailer_count);
  /* Instead of body_finish: the guest dropped the body unfinished, or wrote other than the
   * content-length that it promised. The response is to be cut so that the client sees it. */
  void (*body_abort)(void* call);

  /* The next bytes of the request body, at most `max`. */
  PearRead (*body_read)(void* call, uint64_t max, PearBytes* out);
  /* Whether body_read would give something else than PEAR_READ_PENDING. */
  bool (*body_readable)(void* call);
  /* The request's trailers, after PEAR_READ_END. Live until the end of the call. */
  size_t (*body_trailers)(void* call, const PearField** trailers);

  /* Poll the instance again at `deadline_ns` (CLOCK_MONOTONIC) or soon after. A later call with an
   * earlier deadline brings it forward. */
  void (*wake_at)(void* instance, uint64_t deadline_ns);
} PearHost;

/* ---- Instance ----------------------------------------------------------------------------- */

typedef struct PearDirectory {
  PearBytes host_path;
  PearBytes guest_path;
  bool writable;
  uint64_t quota_bytes; /* Of a writable folder: what it may hold, whoever put it there. Files, folders */
  uint64_t quota_files; /* and links are all counted as files. */
} PearDirectory;

/* What every instance of a cage is granted. Made once for each cage; it and all that it points to
 * must outlive the cage's instances. Environment and paths are UTF-8; what is not is left out. */
typedef struct PearGrants {
  const PearField* environment; /* Names and values of wasi:cli/environment. */
  size_t environment_count;
  const PearDirectory* directories;
  size_t directory_count;
  uint32_t handles_max;       /* Resources alive in one instance. */
  uint32_t fields_max;        /* Fields in one `fields` resource. */
  uint32_t field_bytes_max;   /* Names and values of one `fields` resource together. */
  bool informational;         /* response-outparam.send-informational, which is unstable, works. */
  const PearShare* share;     /* Of the site. Null: the guest sees no files, whatever is granted. */
} PearGrants;

/* Method, scheme, authority and path are ASCII on the wire; one that is not UTF-8 is shown to the
 * guest as absent. An empty authority or path is absent. */
typedef struct PearRequest {
  PearBytes method; /* As on the wire: "GET". */
  PearBytes scheme; /* "http" or "https". */
  PearBytes authority;
  PearBytes path_with_query;
  const PearField* fields; /* Names lower case, in the order of the wire. */
  size_t field_count;
} PearRequest;

typedef enum PearPoll {
  PEAR_POLL_IDLE = 0,    /* No call: ready for pear_instance_begin. */
  PEAR_POLL_PENDING = 1, /* Waits for the host: poll again when something that it asked for is there. */
  PEAR_POLL_YIELDED = 2, /* The slice is over; runnable. */
  PEAR_POLL_FAULT = 3,   /* Ended for good: only pear_instance_fault and pear_instance_free are left. */
} PearPoll;

typedef enum PearFault {
  PEAR_FAULT_TRAP = 1,   /* The guest trapped, also by exhausting its stack. */
  PEAR_FAULT_MEMORY = 2, /* The host refused memory where the guest cannot be told; also at start. */
  PEAR_FAULT_HOST = 3,   /* A rule of a host function was broken: handles, fields, no response set. */
  PEAR_FAULT_EXIT = 4,   /* wasi:cli/exit was called. */
  PEAR_FAULT_PANIC = 5,  /* A bug in this library or in the engine. */
  PEAR_FAULT_START = 6,  /* The instance could not be made: its start function trapped. */
  PEAR_FAULT_NO_ROOM = 7, /* So it is by no fault of the guest: the pool or the system has no more. */
  PEAR_FAULT_LIMIT = 8,   /* A response breaks a limit of fields; the message names it. */
} PearFault;

/* `wake` is called, from any thread, when the inbox was empty and is not any more. */
PearInbox* pear_inbox_new(void (*wake)(void* context), void* context);
void pear_inbox_free(PearInbox* inbox);
/* Takes up to `max` tokens of instances to poll. Owner thread. */
size_t pear_inbox_take(PearInbox* inbox, uint64_t* tokens, size_t max);

/* Begins to make an instance; the first polls finish it (its start function may take long, or never
 * end: poll, then IDLE, YIELDED, PENDING or FAULT). `host` and `grants` must outlive it; `token` names
 * it in the inbox. The inbox may be freed before the instance, which is then not woken any more. */
PearInstance* pear_instance_new(const PearImage* image, const PearHost* host, void* instance_context,
                                const PearGrants* grants, PearInbox* inbox, uint64_t token);
/* Hands an idle instance a request. The request and all that it points to live until the call has
 * ended (poll gives IDLE or FAULT), or the instance is freed. */
void pear_instance_begin(PearInstance* instance, const PearRequest* request, void* call_context);
/* Runs the guest until it waits, its slice ends, the call ends or it faults. The call has ended when
 * `handle` has returned and all of the response is with the host. */
PearPoll pear_instance_poll(PearInstance* instance);
/* After PEAR_POLL_FAULT. `message` lives as long as the instance. */
PearFault pear_instance_fault(const PearInstance* instance, PearBytes* message);
/* At any time but from within poll; a running call is dropped where it stands, and the host hears
 * nothing of it but memory_release. */
void pear_instance_free(PearInstance* instance);
/* For tests: the next outgoing-response that the guest makes panics inside the host function. */
void pear_instance_panic_once(PearInstance* instance);

/* ---- Tools -------------------------------------------------------------------------------- */

/* Wraps a core module (clang --target=wasm32-wasi, reactor) into a component of the world `world` of
 * the WIT package in the folder `wit_dir`, with the preview-1 adapter where it is imported. */
bool pear_componentize(PearBytes core_module, PearBytes wit_dir, PearBytes world, PearBuffer* component,
                       PearBuffer* error);

/* One line: the versions of the engines inside, for `pear --version`. */
PearBuffer pear_versions(void);

/* For the test that bulk instructions in pieces do what the instructions do: runs `rounds` random ones
 * both ways. Empty, or what differed. */
PearBuffer pear_bulk_selftest(uint64_t seed, uint32_t rounds);

/* For the test that all the engines are linked: makes an Automerge document, puts one key, saves it,
 * loads it, and gives the key's value back. */
bool pear_automerge_selftest(void);
/* The QUIC version that quiche speaks (1). */
uint32_t pear_quiche_version(void);

#ifdef __cplusplus
}
#endif
#endif

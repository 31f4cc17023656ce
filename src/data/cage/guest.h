// Guest: one Wasm instance as the cage sees it, and GuestHost: the cage as the instance sees it.
//
// Two implementations of Guest exist: WasmGuest (wasm/wasm_guest.h), over the engine, and FakeGuest
// (fake_guest.h), which plays a script, so that cages are tested without a compiler and under the
// sanitizers.
//
// Thread: core-local. A guest is polled by its core alone and never twice at once; its host is
// called
//         only from within make() and poll(), must not block, and must not poll or free the guest.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/settings.h"
#include "http/field.h"

namespace pear::engine {
class Image;
}

namespace pear::cage {

enum class LogStream : std::uint8_t { Stdout, Stderr };

// What a read of the request body gave.
enum class BodyRead : std::uint8_t {
  Bytes,    // At least one byte, valid until the next read or the end of the call.
  Pending,  // Nothing yet.
  End,      // The body is complete; trailers may be read.
  Failed,   // The client went away or broke the framing.
};

class GuestHost {
 public:
  static constexpr std::uint64_t kClientGone = UINT64_MAX;

  GuestHost() = default;
  GuestHost(const GuestHost&) = delete;
  GuestHost& operator=(const GuestHost&) = delete;
  GuestHost(GuestHost&&) = delete;
  GuestHost& operator=(GuestHost&&) = delete;

  // May the instance have `delta` more bytes? What was granted comes back by release_memory.
  [[nodiscard]] virtual bool grow_memory(std::uint64_t delta) = 0;
  virtual void release_memory(std::uint64_t delta) = 0;
  virtual void log(LogStream stream, std::string_view text) = 0;

  // The fields live until it returns. False: a limit of the response was broken.
  [[nodiscard]] virtual bool respond(std::uint16_t status, std::span<const http::Field> fields) = 0;
  // An interim response (102 to 199), before respond(). The fields live until it returns. False: it
  // may send no more of them.
  [[nodiscard]] virtual bool inform(std::uint16_t status, std::span<const http::Field> fields) = 0;
  // The guest answered with an error-code of wasi:http instead.
  virtual void respond_with_error(std::string_view code) = 0;
  // Bytes that write_body takes now; kClientGone when nobody listens any more.
  [[nodiscard]] virtual std::uint64_t body_window() = 0;
  virtual void write_body(std::string_view bytes) = 0;
  virtual void finish_body(std::span<const http::Field> trailers) = 0;
  // The body will never be complete: the response is cut.
  virtual void abort_body() = 0;

  virtual BodyRead read_body(std::uint64_t max, std::string_view* bytes) = 0;
  [[nodiscard]] virtual bool body_readable() = 0;
  [[nodiscard]] virtual std::span<const http::Field> request_trailers() = 0;

  // Poll the guest again at `deadline` (steady clock) or soon after.
  virtual void wake_at(MonotonicTime deadline) = 0;

 protected:
  ~GuestHost() = default;
};

// All views live until the call has ended.
struct GuestRequest {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path_with_query;
  std::span<const http::Field> fields;  // Names in lower case.
};

enum class GuestState : std::uint8_t {
  Idle,     // Made, no call: ready for begin().
  Pending,  // Waits for the host.
  Yielded,  // Its slice is over.
  Faulted,  // Ended for good.
};

enum class GuestFault : std::uint8_t {
  Trap,
  Memory,
  Host,
  Exit,
  Panic,
  Start,
  NoRoom,  // It could not be made, by no fault of its own: the process has no more of something.
  Limit,   // A response breaks a limit of fields.
};

class Guest {
 public:
  Guest() = default;
  virtual ~Guest() = default;
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  Guest(Guest&&) = delete;
  Guest& operator=(Guest&&) = delete;

  // A run of the guest without interruption.
  struct Slice {
    GuestState state{};
    std::chrono::nanoseconds cpu{};  // That it consumed.
    MonotonicTime end{};             // When it ended.
  };

  // Hands an idle guest a request.
  virtual void begin(const GuestRequest& request) = 0;
  // Runs it until it waits, its slice ends, the call ends (Idle) or it faults.
  [[nodiscard]] virtual Slice poll() = 0;

  struct Ending {
    GuestFault kind{};
    std::string_view message;  // Lives as long as the guest.
  };
  // After Faulted.
  [[nodiscard]] virtual Ending ending() const = 0;

  // Its host goes away. Nothing may follow but its end, on any thread, also after its source's.
  virtual void leave_host() = 0;
};

// Makes the guests of one cage. Outlives those that have not left their host.
class GuestSource {
 public:
  GuestSource() = default;
  virtual ~GuestSource() = default;
  GuestSource(const GuestSource&) = delete;
  GuestSource& operator=(const GuestSource&) = delete;
  GuestSource(GuestSource&&) = delete;
  GuestSource& operator=(GuestSource&&) = delete;

  // Begins to make an instance; the first polls finish it. `host` outlives it. `token` names it to
  // take_woken(). Null when the process has no room for one more.
  [[nodiscard]] virtual std::unique_ptr<Guest> make(GuestHost& host, std::uint64_t token) = 0;
  // Whether make() gave null for want of room in the process, and not because its site has its
  // share.
  [[nodiscard]] virtual bool process_is_full() const = 0;
};

// The engine as a core sees it; the other seam beside Guest itself.
class GuestMaker {
 public:
  GuestMaker() = default;
  virtual ~GuestMaker() = default;
  GuestMaker(const GuestMaker&) = delete;
  GuestMaker& operator=(const GuestMaker&) = delete;
  GuestMaker(GuestMaker&&) = delete;
  GuestMaker& operator=(GuestMaker&&) = delete;

  // For a cage of this image, with what the site's settings grant.
  [[nodiscard]] virtual std::unique_ptr<GuestSource> open(
      std::shared_ptr<const engine::Image> image, const config::SiteSettings& site) = 0;
  // Tokens of guests that other threads woke (a file operation ended). At most tokens.size().
  [[nodiscard]] virtual std::size_t take_woken(std::span<std::uint64_t> tokens) = 0;
  // Guests run from now on, until rest(): the tick must not sleep.
  virtual void work() = 0;
  virtual void rest() = 0;
  // Ends a guest that has left its host, elsewhere: it has so much memory that its end takes long.
  virtual void bury(std::unique_ptr<Guest> guest) = 0;
  // The process has no room for another guest: the other cores may have idle ones.
  virtual void ask_for_room() = 0;
  // Whether another core asks for one that is idle here; once for each time. Called every turn.
  [[nodiscard]] virtual bool take_asked() = 0;
};

}  // namespace pear::cage

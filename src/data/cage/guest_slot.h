// GuestSlot: one instance of a cage, with its place in the run queue and what it holds of the
// account.
//
// It is the host of its guest (guest.h): what the guest asks for is answered here, out of the run
// that it serves.
//
// Thread: core-local.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/log/line_splitter.h"
#include "base/time.h"
#include "data/cage/guest.h"
#include "data/cage/guest_run.h"
#include "data/cage/run_queue.h"
#include "io/timer_wheel.h"

namespace pear::cage {

struct IdleTag;  // Warm instances without a request.
struct SlotTag;  // All the instances of a cage.

class GuestSlot final : public Runnable,
                        public GuestHost,
                        public base::ListHook<IdleTag>,
                        public base::ListHook<SlotTag> {
 public:
  explicit GuestSlot(Cage& in_cage) : cage(in_cage) {}
  ~GuestSlot() override = default;
  GuestSlot(const GuestSlot&) = delete;
  GuestSlot& operator=(const GuestSlot&) = delete;
  GuestSlot(GuestSlot&&) = delete;
  GuestSlot& operator=(GuestSlot&&) = delete;

  void take_turn() override;

  bool grow_memory(std::uint64_t delta) override;
  void release_memory(std::uint64_t delta) override;
  void log(LogStream stream, std::string_view text) override;
  bool respond(std::uint16_t status, std::span<const http::Field> fields) override;
  bool inform(std::uint16_t status, std::span<const http::Field> fields) override;
  void respond_with_error(std::string_view code) override;
  std::uint64_t body_window() override;
  void write_body(std::string_view bytes) override;
  void finish_body(std::span<const http::Field> trailers) override;
  void abort_body() override;
  BodyRead read_body(std::uint64_t max, std::string_view* bytes) override;
  bool body_readable() override;
  std::span<const http::Field> request_trailers() override;
  void wake_at(MonotonicTime deadline) override;

  // Logs what the guest has printed without an end of line: its request is over, or it is.
  void end_lines();

  Cage& cage;
  std::unique_ptr<Guest> guest;
  GuestRun* run = nullptr;    // Served now; null while it starts or rests.
  std::uint64_t charged = 0;  // With the cage's account.
  std::uint32_t served = 0;
  bool starting = true;         // Its instantiation is not over.
  bool growth_refused = false;  // Since it began to start.
  bool successor = false;       // Made to recover the cage.
  bool no_room = false;         // The engine had too little for it: its end gives nobody room.
  MonotonicTime made{};
  MonotonicTime rested{};  // When it became idle.

  std::chrono::nanoseconds turn_cpu{};   // Used in its present turn.
  std::chrono::nanoseconds start_cpu{};  // Used by the start function.
  std::uint32_t serial = 0;              // Within its cage.
  MonotonicTime wake_deadline{};
  io::Timer wake = io::Timer::calling<&GuestSlot::on_wake>(*this);  // What the guest sleeps for.

 private:
  void on_wake(MonotonicTime now);
  void log_line(LogStream stream, std::string_view line);
  // Copies for the run. Nothing where the account has no room for them.
  [[nodiscard]] std::optional<std::span<http::Field>> keep(std::span<const http::Field> fields);

  log::LineSplitter stdout_;
  log::LineSplitter stderr_;
};

}  // namespace pear::cage

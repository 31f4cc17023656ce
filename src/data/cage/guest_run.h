// GuestRun: one request in a cage, on the cage's core.
//
// Thread: core-local. What it knows of the exchange is the request part, which does not change.
// Memory: from the core's pool. The response head lies in its arena until the connection's core
//         says Release.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/intrusive_list.h"
#include "base/time.h"
#include "data/body_queue.h"
#include "data/cage/run_queue.h"
#include "data/hop.h"
#include "http/field.h"
#include "io/timer_wheel.h"

namespace pear::data {
class Exchange;
}

namespace pear::cage {

class Cage;
class GuestSlot;

struct RunTag;         // The runs of a cage.
struct WaitTag;        // Those without an instance.
struct FirstSliceTag;  // Those of a site that have had no slice.

class GuestRun final : public Runnable,
                       public base::ListHook<RunTag>,
                       public base::ListHook<WaitTag>,
                       public base::ListHook<FirstSliceTag> {
 public:
  static constexpr std::uint32_t kInterimsMax = 16;  // Clients know a few; more are an accident.

  GuestRun(data::Exchange& for_exchange, Cage& in_cage, base::ArenaBlockPool& blocks)
      : exchange(for_exchange), cage(in_cage), arena(blocks, SIZE_MAX) {}

  void take_turn() override;

  data::Exchange& exchange;
  Cage& cage;
  GuestSlot* slot = nullptr;  // Null until its turn comes, and once the guest has returned.
  base::Arena arena;          // Bounded by the account: what is large is charged first.

  // The request's body.
  data::BodyQueue request_body;
  data::BodyChunk* reading = nullptr;  // What the guest looks at; goes back at its next read.
  bool request_ended = false;
  bool request_cut = false;  // It ended, but the rest of its body never comes.
  bool aborted = false;

  // The response.
  std::uint16_t status = 0;
  std::span<http::Field> fields;
  std::span<http::Field> trailers;
  data::BodyChunk* filling = nullptr;  // Written to by the guest; see Cage::seal_if_due().
  std::uint32_t chunks_out = 0;        // Sealed and not yet back,
  std::uint64_t bytes_out = 0;         // with so many bytes.
  std::uint64_t fields_charged = 0;    // Of the fields that lie in the arena, with the account.
  std::uint64_t body_bytes = 0;
  std::uint32_t interims = 0;   // Interim responses that were given.
  std::string_view error_code;  // Of wasi:http, where the guest answered with one.
  bool head_given = false;
  bool finished = false;  // By the guest: complete.
  bool cut = false;

  // Limits.
  std::chrono::nanoseconds cpu{};         // Consumed.
  std::chrono::nanoseconds cpu_budget{};  // Refills slowly once the head is out.
  MonotonicTime cpu_refilled{};
  MonotonicTime came{};      // To the cage.
  MonotonicTime begun{};     // Its first slice.
  MonotonicTime progress{};  // The last byte either way, or the start.
  // Since when the guest waits for more of the request's body; zero: it does not.
  MonotonicTime body_awaited{};
  MonotonicTime head_deadline{};  // Later by as long as the guest waited for the client.
  // Since when the guest waits for its client, to send or to take something; zero: it does not.
  MonotonicTime client_awaited{};
  std::chrono::nanoseconds client_time{};  // For which it has done so before.
  bool counts_as_incomplete = false;       // It has an instance, and its body is on its way.
  bool growth_refused = false;
  std::uint64_t log_bytes = 0;
  std::string_view broken_limit;  // Of what a response may be; literal, or the guest's fault.

  bool ended = false;  // The guest has returned, or was ended.

  // Head timeout, chunk timeout, or grace after an abort.
  io::Timer wall = io::Timer::calling<&GuestRun::on_wall>(*this);

 private:
  void on_wall(MonotonicTime now);
};

}  // namespace pear::cage

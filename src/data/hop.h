// HopRecord: what the connection's core and the cage's core of one exchange tell each other.
//
// The connection's core keeps the exchange; the cage's core runs the guest. Where both are the same
// the records are applied at once, else they go through the rings between the cores; nothing else
// differs. Records about one exchange arrive in the order in which they were sent.
//
//   connection's core                                        cage's core
//     Start ──────────────────────────────────────────────►
//     ◄──────────────────── Accepted: a run begins (or Refused: nothing happened)
//     RequestChunk*, RequestEnd | RequestCut | Abort ─────►
//     ◄──────────────────── RequestChunkReturn (credit: the client may send more)
//     ◄──────────────────── ResponseInterim*, ResponseHead, ResponseChunk*, ResponseEnd |
//     ResponseCut ResponseChunkReturn (credit: the guest may write more) ──────────────►
//     ◄──────────────────── Ended: handle() returned; the lease is over
//     Release ────────────► the run, and the head that lay in it, are gone
//
// Nothing but Start is sent before Accepted, so that a refused request can be given elsewhere at
// once.
//
// Thread: a value; pointers in it are borrowed for as long as the protocol above says.
#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"
#include "http/field.h"

namespace pear::cage {
class GuestRun;
}

namespace pear::data {

class Exchange;
struct BodyChunk;

// An interim response. One of a guest lies in its run until that is released, one of the edge in
// the exchange's arena.
struct Interim {
  std::uint16_t status = 0;
  std::span<const http::Field> fields;
  Interim* next = nullptr;  // The connection core's, for the order in which they are sent.
};

enum class HopKind : std::uint8_t {
  // Connection's core → cage's core.
  Start,
  RequestChunk,
  RequestEnd,
  RequestCut,  // The rest of the request's body never comes.
  Abort,       // The client went away, or its request broke: nobody listens any more.
  ResponseChunkReturn,
  Release,
  // Cage's core → connection's core.
  Accepted,
  Refused,  // The cage has no place or does not run: try another.
  ResponseInterim,
  ResponseHead,
  ResponseChunk,
  ResponseEnd,
  ResponseCut,  // The response will never be complete.
  RequestChunkReturn,
  Ended,
};

// Why the cage's core gave no response, or cut it.
enum class RunOutcome : std::uint8_t {
  Done,
  Trap,        // 500
  Memory,      // 500
  Cpu,         // 504
  Wall,        // 504
  Host,        // 500
  GuestError,  // The guest answered with an error-code of wasi:http: 500, or what the code says.
  Aborted,     // The client went away first.
  Stopped,     // The cage was ended before the request was: 503.
  Displaced,   // It made room for others: 503.
  Limit,       // The response breaks a limit: 502.
};

struct HopRecord {
  HopKind kind{};
  RunOutcome outcome{};           // ResponseCut, Ended.
  CageId cage{};                  // Start, Refused.
  Exchange* exchange = nullptr;   // Start, and all to the connection's core.
  BodyChunk* chunk = nullptr;     // The four chunk kinds.
  Interim* interim = nullptr;     // ResponseInterim.
  cage::GuestRun* run = nullptr;  // All but Start and Refused.
};
static_assert(sizeof(HopRecord) <= 40, "it is copied through the rings");

}  // namespace pear::data

// CoreEvent: everything that a core can tell the control plane. There is no other way out.
//
// Thread:  made on a core, moved through its bounded queue, taken by the control thread. When the
//          queue is full the event is dropped and counted: the control plane's check finds what it
//          missed.
// Content: values only.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/ids.h"

namespace pear::data {

// What ended an instance.
enum class FaultKind : std::uint8_t {
  Trap,    // The guest trapped or exhausted its stack.
  Memory,  // It faulted after a growth was refused, or a limit of the account was broken.
  Cpu,     // Its request used up its CPU budget.
  Wall,    // It did not answer in time.
  Host,    // It broke a rule of a host function, or exited with a failure.
  Lost,    // Its core gave no proof of life.
};
inline constexpr std::size_t kFaultKinds = 6;

// As in the log, the status and the metrics' labels: "trap".
[[nodiscard]] constexpr std::string_view name(FaultKind kind) {
  constexpr std::array<std::string_view, kFaultKinds> kNames{"trap", "memory", "cpu",
                                                             "wall", "host",   "lost"};
  return kNames[static_cast<std::size_t>(kind)];
}

// The cage is RUNNING for the first time in this incarnation.
struct CageStarted {
  CageId cage{};
  Incarnation incarnation{};
  std::chrono::nanoseconds took{};
};

// The cage could not be made: INITIALIZING → CRASHED.
struct SpawnFailed {
  CageId cage{};
  std::string reason;
};

// RUNNING → CRASHED, and back when `recovered`.
struct CageFaulted {
  CageId cage{};
  Incarnation incarnation{};  // Of the successor, when recovered.
  FaultKind kind{};
  bool recovered = false;
  std::chrono::nanoseconds heal{};  // Fault → successor RUNNING.
  ExchangeId exchange{};            // The request that met the fault.
  std::string reason;
};

// The answer to CheckCage. `healthy` is false when the health path gave no 2xx or 3xx.
struct CageAlive {
  CageId cage{};
  std::uint64_t nonce = 0;
  bool healthy = true;
};

// TERMINATING → TERMINATED; its memory is free.
struct CageEnded {
  CageId cage{};
};

struct CoreDrained {
  CoreId core{};
  std::uint64_t cut = 0;  // Exchanges that the deadline ended.
};

using CoreEvent =
    std::variant<CageStarted, SpawnFailed, CageFaulted, CageAlive, CageEnded, CoreDrained>;

}  // namespace pear::data

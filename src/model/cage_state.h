// CageState: the five states of a cage and the one table of the moves between them.
//
// A cage is INITIALIZING while its first instance is made, RUNNING while it may take requests,
// CRASHED between a fault and its successor, TERMINATING while its last requests finish, TERMINATED
// once its memory is free. A recover (a fresh instance from a credit, on the cage's own core) and a
// respawn (a command of the supervisor) are the two ways back from CRASHED. TERMINATED is final:
// what takes the place of such a cage is another cage with another id.
//
// Thread:  values. The core and the supervisor walk the same table, each with its own copy of the
// state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace pear::model {

enum class CageState : std::uint8_t { Initializing, Running, Crashed, Terminating, Terminated };

enum class CageMove : std::uint8_t {
  Started,      // Its first instance is ready.
  SpawnFailed,  // Its first instance could not be made.
  Faulted,      // An instance ended with a fault.
  Recovered,    // The successor of a faulted instance is ready.
  Respawned,    // The supervisor asked for it again.
  TerminateAsked,
  Ended,  // Its last request is over and its memory is free.
};

struct CageTransition {
  CageState from;
  CageMove on;
  CageState to;
};

inline constexpr std::array kCageStates{CageState::Initializing, CageState::Running,
                                        CageState::Crashed, CageState::Terminating,
                                        CageState::Terminated};

inline constexpr std::array kCageTransitions = [] {
  using enum CageState;
  using enum CageMove;
  return std::to_array<CageTransition>({
      {Initializing, Started, Running},
      {Initializing, SpawnFailed, Crashed},
      {Initializing, TerminateAsked, Terminating},

      {Running, Faulted, Crashed},
      {Running, TerminateAsked, Terminating},

      {Crashed, Recovered, Running},
      {Crashed, Respawned, Initializing},
      {Crashed, TerminateAsked, Terminating},

      {Terminating, Ended, Terminated},
  });
}();

// Where `move` leads from `state`, or nothing where it cannot happen.
[[nodiscard]] constexpr std::optional<CageState> next(CageState state, CageMove move) {
  for (const CageTransition& row : kCageTransitions) {
    if (row.from == state && row.on == move) return row.to;
  }
  return std::nullopt;
}

// The same for a caller that knows that the move is legal: an illegal one is a bug and ends the
// process.
[[nodiscard]] inline CageState moved(CageState state, CageMove move) {
  const std::optional<CageState> to = next(state, move);
  PEAR_ASSERT(to.has_value(), "this cage cannot make this move: see kCageTransitions");
  return *to;
}

// As in the log and the status: "RUNNING".
[[nodiscard]] constexpr std::string_view name(CageState state) {
  constexpr std::array<std::string_view, kCageStates.size()> kNames{
      "INITIALIZING", "RUNNING", "CRASHED", "TERMINATING", "TERMINATED"};
  return kNames[static_cast<std::size_t>(state)];
}

// As in a metric's label: "running".
[[nodiscard]] constexpr std::string_view label(CageState state) {
  constexpr std::array<std::string_view, kCageStates.size()> kLabels{
      "initializing", "running", "crashed", "terminating", "terminated"};
  return kLabels[static_cast<std::size_t>(state)];
}

static_assert(next(CageState::Crashed, CageMove::Recovered) == CageState::Running);
static_assert(!next(CageState::Running, CageMove::Started), "it runs already");
static_assert(!next(CageState::Terminated, CageMove::Respawned), "another cage takes its place");

}  // namespace pear::model

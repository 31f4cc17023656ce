#include "keeper/death.h"

#include <csignal>

#include "base/assert.h"

namespace pear::keeper {

std::string_view to_text(Death::Kind kind) {
  switch (kind) {
    case Death::Kind::Ended:
      return "it ended by itself";
    case Death::Kind::Crashed:
      return "it crashed";
    case Death::Kind::Hung:
      return "it stood still and was killed";
    case Death::Kind::Stopped:
      return "somebody outside stopped it, so it was killed";
    case Death::Kind::Memory:
      return "the kernel killed it for want of memory";
    case Death::Kind::Outside:
      return "somebody outside killed it";
    case Death::Kind::Unknown:
      return "it was killed";
  }
  PEAR_UNREACHABLE("a death of no kind");
}

Death judge(const DeathSigns& signs) {
  using enum Death::Kind;
  if (signs.stopped) return {.kind = Stopped};
  if (signs.hung) return {.kind = Hung, .blamed = signs.hung_for};
  if (signs.cause.kind == ExitCause::Kind::Exited) return {.kind = Ended};
  if (signs.cause.number != SIGKILL) return {.kind = Crashed, .blamed = signs.crashed_for};
  switch (signs.memory_kills) {
    case DeathSigns::MemoryKills::Some:
      return {.kind = Memory, .blamed = signs.largest};
    case DeathSigns::MemoryKills::None:
      return {.kind = Outside};
    case DeathSigns::MemoryKills::Unknown:
      return {.kind = Unknown};
  }
  PEAR_UNREACHABLE("kills of memory are known or not");
}

}  // namespace pear::keeper

// CrashReport: what a thread says when it crashes, or when the keeper asks where it hangs: whose
// site it worked for (keeper/vitals.h), and its stack, as one line of the log. Everything that runs
// in the signal handlers is async-signal-safe: system calls, arithmetic, and memory that was made
// ready before. (The unwinder takes locks of the loader, which the thread may hold: then nothing is
// written, and an alarm, or the keeper, ends the process all the same.)
//
// Frames are "pear+0x1234", an address within a file; `build_id` says of which pear; "guest+0x…" is
// an address in no file, the code of a component. `addr2line -e pear 0x1234` names the line.
//
// Wasmtime's own handlers, for traps of guests, are installed later and come first; what is not
// theirs they pass on to these.
//
// Source:  signal-safety(7), sigaltstack(2), backtrace(3).
// Thread:  install() once, before there are others.
// Memory:  a stack for signals for each watched thread; a table of the loaded files.
#pragma once

#include <cstddef>
#include <memory>

#include "base/vital_signs.h"
#include "keeper/vitals.h"

namespace pear::keeper {

class CrashReport {
 public:
  // For the rest of the process. Handlers that somebody else has installed already, a sanitizer
  // say, stay.
  static void install(std::shared_ptr<Vitals> vitals);
};

// The calling thread, as long as this lives, is one that is watched: its id is known, and it has a
// stack for signals, so that one that has used up its own can still say so.
class WatchedThread {
 public:
  explicit WatchedThread(base::VitalSigns& signs);
  ~WatchedThread();
  WatchedThread(const WatchedThread&) = delete;
  WatchedThread& operator=(const WatchedThread&) = delete;
  WatchedThread(WatchedThread&&) = delete;
  WatchedThread& operator=(WatchedThread&&) = delete;

 private:
  base::VitalSigns& signs_;
  void* stack_;  // Null: there was no memory for one.
};

}  // namespace pear::keeper

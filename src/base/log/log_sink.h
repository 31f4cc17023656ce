// LogSink: where log lines go: a file, a terminal, a pipe or a socket, mostly descriptor 2.
//
// The descriptor is shared with other processes (the shell, the keeper), so its blocking mode is
// left as it is; that a write does not block is seen to here. A reader that has gone is an error,
// never a signal: SIGPIPE is blocked in the writing thread.
//
// Thread:  the log writer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace pear::log {

class LogSink {
 public:
  // The descriptor stays the caller's and must outlive the sink.
  explicit LogSink(int fd);

  // Writes some of `bytes` and returns how many; 0 when `patience` passed and nothing could be
  // taken. Errors: PeerClosed  nobody reads any more: it stays so.
  //         OsError     this write failed (a full disk); the next may not.
  [[nodiscard]] Result<std::size_t> write_some(std::string_view bytes,
                                               std::chrono::milliseconds patience);

 private:
  enum class Kind : std::uint8_t { File, Pipe, Socket };

  int fd_;
  Kind kind_ = Kind::File;
};

}  // namespace pear::log

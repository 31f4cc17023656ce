// Process descriptors: a child that cannot be mistaken for another process with the same number.
//
// Source: pidfd_open(2), pidfd_send_signal(2). Called directly: <sys/pidfd.h> of glibc 2.36 lacks
// its extern "C". Thread: any.
#pragma once

#include <csignal>

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace pear::keeper {

// Readable once the process has ended; closed on exec. -1 and errno when there is none.
[[nodiscard]] inline int pidfd_open(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}

// 0, or -1 and errno.
inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0U));
}

}  // namespace pear::keeper

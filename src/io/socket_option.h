// Options of sockets: setsockopt(2) and getsockopt(2) for those that are an int.
//
// Thread: any.
#pragma once

#include <sys/socket.h>

#include "base/result.h"
#include "io/os_error.h"

namespace pear::io {

// Errors: OsError.
[[nodiscard]] inline Result<void> set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof(value)) != 0) {
    return fail_os("setsockopt() failed");
  }
  return {};
}

// Errors: OsError.
[[nodiscard]] inline Result<int> option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, level, name, &value, &size) != 0) return fail_os("getsockopt() failed");
  return value;
}

}  // namespace pear::io

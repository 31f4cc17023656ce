// fail_os: the failing half of a Result, for a system call that set errno.
#pragma once

#include <cerrno>
#include <expected>
#include <source_location>

#include "base/result.h"

namespace pear::io {

[[nodiscard]] inline std::unexpected<Error> fail_os(
    StaticText detail, int os_errno = errno,
    std::source_location where = std::source_location::current()) {
  return std::unexpected(
      Error{.kind = ErrorKind::OsError, .detail = detail, .os_errno = os_errno, .where = where});
}

}  // namespace pear::io

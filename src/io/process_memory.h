// resident_bytes: the physical memory of this process, as the kernel counts it.
//
// Thread: any. Reads a file of /proc: not for the request path.
#pragma once

#include <cstdint>
#include <fstream>

#include <unistd.h>

namespace pear::io {

// 0 where /proc is not there.
[[nodiscard]] inline std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  if (!(file >> all >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace pear::io

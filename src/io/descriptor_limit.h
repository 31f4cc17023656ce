// DescriptorLimit: how many file descriptors this process may have, raised as far as it may be.
//
// Thread: raise_descriptor_limit() before others start, as it changes the whole process.
#pragma once

#include <cstddef>

namespace pear::io {

// Without connections: the event loops and wake-ups of each core, the log, the admin listener, what
// is read at a start.
[[nodiscard]] constexpr std::size_t descriptors_to_start(std::size_t cores, std::size_t listeners) {
  return 32 + 8 * cores + 2 * cores * listeners;
}

// Of `limit` descriptors, how many may be connections; the rest is for files, guests' too, and for
// being able to say what is wrong.
[[nodiscard]] constexpr std::size_t descriptors_for_connections(std::size_t limit,
                                                                std::size_t cores) {
  const std::size_t kept = 256 + 16 * cores;
  return limit > 2 * kept ? limit - kept : limit / 2;
}

// The soft limit becomes the hard one; children inherit it. Gives what is in force now.
std::size_t raise_descriptor_limit();

}  // namespace pear::io

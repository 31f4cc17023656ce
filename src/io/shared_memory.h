// SharedMemory: memory of a descriptor, mapped: processes that map the same one see each other's
// writes, and what is in it outlives each of them.
//
// It is not part of core dumps: it may hold keys.
//
// Source: memfd_create(2), mmap(2).
// Thread: made and destroyed on one; the bytes are for any thread and process (atomics only).
// Memory: owns the mapping, not the descriptor, which may be closed once it is mapped.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/result.h"

namespace pear::io {

class SharedMemory {
 public:
  // The first `bytes` of a memfd, at the start of a page. Errors: InvalidInput for one that is
  // smaller or may shrink (it lacks F_SEAL_SHRINK), which would end this process at its next
  // access; OsError for what is no memfd and what cannot be mapped.
  [[nodiscard]] static Result<SharedMemory> map(int fd, std::size_t bytes);

  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  SharedMemory(SharedMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SharedMemory& operator=(SharedMemory&&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }

 private:
  explicit SharedMemory(std::span<std::byte> bytes) : bytes_(bytes) {}

  std::span<std::byte> bytes_;  // Empty: moved from.
};

}  // namespace pear::io

#include "io/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "io/os_error.h"

namespace pear::io {

Result<SharedMemory> SharedMemory::map(int fd, std::size_t bytes) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return fail_os("not memory that can be sealed");
  struct stat status{};
  if (::fstat(fd, &status) != 0) return fail_os("no size of shared memory");
  if (bytes == 0 || std::cmp_less(status.st_size, bytes)) {
    return fail(ErrorKind::InvalidInput, "shared memory is too small");
  }
  // Whoever shrinks it ends every process that reaches beyond its new end.
  if ((seals & F_SEAL_SHRINK) == 0) {
    return fail(ErrorKind::InvalidInput, "shared memory may shrink");
  }
  void* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) return fail_os("shared memory cannot be mapped");
  SharedMemory memory({static_cast<std::byte*>(start), bytes});
  if (::madvise(start, bytes, MADV_DONTDUMP) != 0) return fail_os("shared memory would be dumped");
  return memory;
}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace pear::io

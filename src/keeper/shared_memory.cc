#include "keeper/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace pear::keeper {

io::UniqueFd make_shared_memory() {
  io::UniqueFd memory(::memfd_create("pear-shared-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.is_open()) return {};
  if (::ftruncate(memory.get(), kSharedMemoryBytes) != 0) return {};
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) return {};
  return memory;
}

SharedVitals map_vitals(int fd) {
  if (fd < 0) return nullptr;
  void* const place =
      ::mmap(nullptr, kVitalsBytes, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(kVitalsAt));
  return SharedVitals(place == MAP_FAILED ? nullptr : static_cast<const Vitals*>(place));
}

void Unmap::operator()(const Vitals* vitals) const {
  ::munmap(const_cast<Vitals*>(vitals), kVitalsBytes);  // NOLINT(*-const-cast): munmap(2) wants it.
}

}  // namespace pear::keeper

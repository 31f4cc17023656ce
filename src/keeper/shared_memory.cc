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

}  // namespace pear::keeper

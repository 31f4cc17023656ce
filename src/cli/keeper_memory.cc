#include "cli/keeper_memory.h"

#include <cstddef>
#include <utility>

#include "base/assert.h"
#include "keeper/shared_memory.h"

namespace pear::cli {

namespace {

using io::tls::TicketKeys;

constexpr std::size_t kTicketKeysAt = 0;
static_assert(kTicketKeysAt % alignof(io::tls::TicketKeyRing) == 0);
static_assert(kTicketKeysAt + TicketKeys::kSharedBytes <= keeper::kSharedMemoryBytes);

// The keys go first.
struct KeysInMemory {
  std::shared_ptr<const io::SharedMemory> memory;
  std::shared_ptr<TicketKeys> keys;
};

}  // namespace

KeeperMemory::KeeperMemory(int fd) {
  if (fd < 0) return;
  auto memory = io::SharedMemory::map(fd, keeper::kSharedMemoryBytes);
  if (memory) memory_ = std::make_shared<const io::SharedMemory>(*std::move(memory));
}

std::shared_ptr<TicketKeys> KeeperMemory::ticket_keys() const {
  if (memory_ == nullptr) return TicketKeys::in_process();
  auto keys = TicketKeys::over(memory_->bytes().subspan(kTicketKeysAt, TicketKeys::kSharedBytes));
  PEAR_ASSERT(keys != nullptr, "a mapping starts with a page");
  auto owner = std::make_shared<KeysInMemory>(memory_, std::move(keys));
  TicketKeys* const shown = owner->keys.get();
  return {std::move(owner), shown};
}

}  // namespace pear::cli

#include "cli/keeper_memory.h"

#include <chrono>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/unique_fd.h"
#include "keeper/shared_memory.h"

namespace pear::cli {
namespace {

using io::tls::TicketKeys;

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

// Whether what one seals the other opens.
bool open_each_others_tickets(TicketKeys& sealer, const TicketKeys& opener) {
  const auto key = sealer.current(kNow);
  return key && opener.find(key->name, kNow).has_value();
}

TEST(KeeperMemory, HoldsTheKeysOfTicketsForOneServerAfterTheOther) {
  const io::UniqueFd fd = keeper::make_shared_memory();
  std::optional<TicketKeys::Key> sealed_with;
  {
    const KeeperMemory first(fd.get());
    ASSERT_TRUE(first.is_shared());
    sealed_with = first.ticket_keys()->current(kNow);
  }
  ASSERT_TRUE(sealed_with);
  const KeeperMemory second(fd.get());

  const auto found = second.ticket_keys()->find(sealed_with->name, kNow);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->key.encryption, sealed_with->encryption);
  EXPECT_EQ(found->key.authentication, sealed_with->authentication);
}

TEST(KeeperMemory, IsSharedByServersOfOneKeeperOnly) {
  const io::UniqueFd fd = keeper::make_shared_memory();
  const io::UniqueFd other = keeper::make_shared_memory();
  const auto keys = KeeperMemory(fd.get()).ticket_keys();

  EXPECT_TRUE(open_each_others_tickets(*keys, *KeeperMemory(fd.get()).ticket_keys()));
  EXPECT_FALSE(open_each_others_tickets(*keys, *KeeperMemory(other.get()).ticket_keys()));
}

TEST(KeeperMemory, LivesAsLongAsTheKeysThatAreInIt) {
  io::UniqueFd fd = keeper::make_shared_memory();
  auto memory = std::make_unique<KeeperMemory>(fd.get());
  const auto keys = memory->ticket_keys();

  memory.reset();
  fd.reset();

  EXPECT_TRUE(open_each_others_tickets(*keys, *keys));
}

TEST(KeeperMemory, LeavesEachProcessItsOwnKeysWhereThereIsNone) {
  // No keeper; what is no memory; memory that is too small; memory that may shrink.
  const io::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const io::UniqueFd small(::memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(small.get(), keeper::kSharedMemoryBytes - 1), 0);
  ASSERT_EQ(::fcntl(small.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  const io::UniqueFd loose(::memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(loose.get(), keeper::kSharedMemoryBytes), 0);

  for (const int fd : {-1, null.get(), small.get(), loose.get()}) {
    const KeeperMemory memory(fd);
    EXPECT_FALSE(memory.is_shared());
    const auto keys = memory.ticket_keys();
    EXPECT_TRUE(open_each_others_tickets(*keys, *keys));
    EXPECT_FALSE(open_each_others_tickets(*keys, *KeeperMemory(fd).ticket_keys()));
  }
}

}  // namespace
}  // namespace pear::cli

#include "cli/keeper_memory.h"

#include <cstddef>
#include <utility>

#include "base/assert.h"
#include "keeper/shared_memory.h"

namespace pear::cli {

namespace {

using io::tls::LastingSecret;
using io::tls::StrikeRegister;
using io::tls::TicketKeys;

constexpr std::size_t kTicketKeysAt = 0;
static_assert(kTicketKeysAt % alignof(io::tls::TicketKeyRing) == 0);

constexpr std::size_t kSecretAt = 384;
static_assert(kSecretAt >= kTicketKeysAt + TicketKeys::kSharedBytes && kSecretAt % 64 == 0);
constexpr std::size_t kStrikesAt = 4096;
constexpr std::size_t kStrikesBytes = keeper::kLastImagesAt - kStrikesAt;
static_assert(kStrikesAt < keeper::kLastImagesAt);
// Without a keeper.
constexpr std::size_t kStrikesAlone = 64UL * 1024;

// A part of the memory, which lives as long: the part goes first.
template <typename Part>
std::shared_ptr<Part> held(std::shared_ptr<const io::SharedMemory> memory,
                           std::shared_ptr<Part> part) {
  struct Both {
    std::shared_ptr<const io::SharedMemory> memory;
    std::shared_ptr<Part> part;
  };
  PEAR_ASSERT(part != nullptr, "a mapping starts with a page");
  auto both = std::make_shared<Both>(std::move(memory), std::move(part));
  Part* const shown = both->part.get();
  return {std::move(both), shown};
}

}  // namespace

KeeperMemory::KeeperMemory(int fd) {
  if (fd < 0) return;
  auto memory = io::SharedMemory::map(fd, keeper::kSharedMemoryBytes);
  if (memory) memory_ = std::make_shared<const io::SharedMemory>(*std::move(memory));
}

std::shared_ptr<TicketKeys> KeeperMemory::ticket_keys() const {
  if (memory_ == nullptr) return TicketKeys::in_process();
  return held(memory_,
              TicketKeys::over(memory_->bytes().subspan(kTicketKeysAt, TicketKeys::kSharedBytes)));
}

std::shared_ptr<StrikeRegister> KeeperMemory::strike_register() const {
  if (memory_ == nullptr) return StrikeRegister::in_process(kStrikesAlone);
  return held(memory_, StrikeRegister::over(memory_->bytes().subspan(kStrikesAt, kStrikesBytes)));
}

std::shared_ptr<keeper::Vitals> KeeperMemory::vitals() const {
  if (memory_ == nullptr) return keeper::vitals_alone();
  // Atomic words, of which zeroes are a valid start.
  auto* const vitals =
      reinterpret_cast<keeper::Vitals*>(memory_->bytes().data() + keeper::kVitalsAt);
  return {memory_, vitals};
}

std::shared_ptr<keeper::LastImages> KeeperMemory::last_images() const {
  if (memory_ == nullptr) return std::make_shared<keeper::LastImages>();
  std::byte* const place = memory_->bytes().data() + keeper::kLastImagesAt;
  return {memory_, reinterpret_cast<keeper::LastImages*>(place)};
}

LastingSecret KeeperMemory::lasting_secret() const {
  if (memory_ == nullptr) return LastingSecret::alone();
  return LastingSecret::in(memory_->bytes().subspan(kSecretAt, sizeof(LastingSecret::Place)));
}

}  // namespace pear::cli

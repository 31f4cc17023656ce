#include "io/tls/strike_register.h"

#include <bit>
#include <cstring>
#include <utility>

namespace pear::io::tls {
namespace {

// A place: 40 bits of the ticket, then 24 of the time in units of four seconds, which come round
// after two years. Tickets live for a day.
constexpr unsigned kTimeBits = 24;
constexpr std::uint64_t kTimeMask = (1ULL << kTimeBits) - 1;
constexpr std::int64_t kUnit_s = 4;

std::uint64_t time_of(WallTime now) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return static_cast<std::uint64_t>(seconds / kUnit_s) & kTimeMask;
}

// How long ago, in units. One from the future (another clock, garbage) counts as of now.
std::uint64_t age(std::uint64_t place, std::uint64_t now) {
  const std::uint64_t units = (now - place) & kTimeMask;
  return units > kTimeMask / 2 ? 0 : units;
}

constexpr std::uint64_t kWindowUnits = StrikeRegister::kWindow.count() / kUnit_s;

}  // namespace

std::shared_ptr<StrikeRegister> StrikeRegister::in_process(std::size_t tickets) {
  const std::size_t sets = std::bit_ceil(tickets / kPlaces + 1);
  auto own = std::make_unique<Set[]>(sets);
  const std::span<Set> view(own.get(), sets);
  return std::make_shared<StrikeRegister>(std::move(own), view);
}

std::shared_ptr<StrikeRegister> StrikeRegister::over(std::span<std::byte> shared) {
  const auto address = reinterpret_cast<std::uintptr_t>(shared.data());
  if (shared.size() < sizeof(Set) || address % alignof(Set) != 0) return nullptr;
  const std::size_t sets = std::bit_floor(shared.size() / sizeof(Set));
  return std::make_shared<StrikeRegister>(nullptr,
                                          std::span(reinterpret_cast<Set*>(shared.data()), sets));
}

StrikeRegister::StrikeRegister(std::unique_ptr<Set[]> own, std::span<Set> sets)
    : own_(std::move(own)), sets_(sets) {}

bool StrikeRegister::strike(std::span<const std::uint8_t, 16> ticket, WallTime now) {
  std::array<std::uint64_t, 2> random{};
  std::memcpy(random.data(), ticket.data(), sizeof random);
  Set& set = sets_[random[0] & (sets_.size() - 1)];
  const std::uint64_t time = time_of(now);
  // Never zero, which says that a place is free.
  const std::uint64_t fingerprint = (random[1] | (1ULL << kTimeBits)) & ~kTimeMask;
  const std::uint64_t mine = fingerprint | time;

  std::size_t taken = kPlaces;
  while (taken == kPlaces) {
    std::size_t oldest = kPlaces;
    std::uint64_t oldest_value = 0;
    for (std::size_t i = 0; i < kPlaces; ++i) {
      const std::uint64_t value = set.places[i].load(std::memory_order_seq_cst);
      if ((value & ~kTimeMask) == fingerprint) return false;
      const bool older =
          oldest == kPlaces ||
          (oldest_value != 0 && (value == 0 || age(value, time) > age(oldest_value, time)));
      if (!older) continue;
      oldest = i;
      oldest_value = value;
    }
    if (oldest_value != 0 && age(oldest_value, time) <= kWindowUnits) return false;
    if (set.places[oldest].compare_exchange_strong(oldest_value, mine, std::memory_order_seq_cst)) {
      taken = oldest;
    }
  }
  // Another thread that brought the same ticket meanwhile has taken another place. At least one of
  // the two sees the other.
  for (std::size_t i = 0; i < kPlaces; ++i) {
    if (i == taken) continue;
    if ((set.places[i].load(std::memory_order_seq_cst) & ~kTimeMask) == fingerprint) return false;
  }
  return true;
}

}  // namespace pear::io::tls

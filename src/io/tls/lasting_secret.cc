#include "io/tls/lasting_secret.h"

#include <cstring>

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/assert.h"

namespace pear::io::tls {
namespace {

constexpr std::uint64_t kEmpty = 0;
constexpr std::uint64_t kWriting = 1;
constexpr std::uint64_t kThere = 2;
// A writer needs a microsecond; one that takes longer than this many looks has died.
constexpr int kLooks = 100'000;

}  // namespace

LastingSecret LastingSecret::alone() {
  Key secret{};
  RAND_bytes(secret.data(), secret.size());
  return LastingSecret(secret);
}

LastingSecret LastingSecret::in(std::span<std::byte> shared) {
  const auto address = reinterpret_cast<std::uintptr_t>(shared.data());
  if (shared.size() < sizeof(Place) || address % alignof(Place) != 0) return alone();
  auto& place = *reinterpret_cast<Place*>(shared.data());
  Key secret{};
  std::uint64_t state = kEmpty;
  if (place.state.compare_exchange_strong(state, kWriting, std::memory_order_acq_rel)) {
    secret = alone().secret_;
    for (std::size_t i = 0; i < place.words.size(); ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, &secret[i * sizeof word], sizeof word);
      place.words[i].store(word, std::memory_order_relaxed);
    }
    place.state.store(kThere, std::memory_order_release);
    return LastingSecret(secret);
  }
  for (int look = 0; state != kThere; ++look) {
    if (look == kLooks) return alone();
    state = place.state.load(std::memory_order_acquire);
  }
  for (std::size_t i = 0; i < place.words.size(); ++i) {
    const std::uint64_t word = place.words[i].load(std::memory_order_relaxed);
    std::memcpy(&secret[i * sizeof word], &word, sizeof word);
  }
  return LastingSecret(secret);
}

LastingSecret::Key LastingSecret::derive(std::string_view purpose) const {
  Key key{};
  unsigned size = 0;
  const auto* const made = HMAC(EVP_sha256(), secret_.data(), secret_.size(),
                                reinterpret_cast<const std::uint8_t*>(purpose.data()),
                                purpose.size(), key.data(), &size);
  PEAR_ASSERT(made != nullptr && size == key.size(), "HMAC of a short text does not fail");
  return key;
}

}  // namespace pear::io::tls

#include "engine/sealed_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>

#include "base/assert.h"

namespace pear::engine {

namespace {

using Seal = std::array<std::uint8_t, 32>;

struct Trailer {
  std::uint64_t length = 0;
  Seal seal{};
};
static_assert(sizeof(Trailer) == 40, "it is written as it lies in memory");

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Seal seal_of(std::span<const std::uint8_t> content, std::string_view name, const SealKey& key) {
  const std::array<std::uint64_t, 2> lengths{name.size(), content.size()};
  bssl::ScopedHMAC_CTX hmac;
  Seal seal;
  unsigned length = 0;
  const auto add = [&](std::span<const std::uint8_t> bytes) {
    return HMAC_Update(hmac.get(), bytes.data(), bytes.size()) == 1;
  };
  const bool made = HMAC_Init_ex(hmac.get(), key.data(), key.size(), EVP_sha256(), nullptr) == 1 &&
                    add({reinterpret_cast<const std::uint8_t*>(lengths.data()), sizeof lengths}) &&
                    add(bytes_of(name)) && add(content) &&
                    HMAC_Final(hmac.get(), seal.data(), &length) == 1;
  PEAR_ASSERT(made && length == seal.size(), "HMAC-SHA256 cannot fail but for want of memory");
  return seal;
}

bool write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::optional<MappedFile> MappedFile::open(int fd, std::size_t size) {
  if (size == 0) return std::nullopt;
  void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (at == MAP_FAILED) return std::nullopt;
  return MappedFile({static_cast<const std::uint8_t*>(at), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

std::optional<std::span<const std::uint8_t>> unsealed(std::span<const std::uint8_t> file,
                                                      std::string_view name, const SealKey& key) {
  if (file.size() < sizeof(Trailer)) return std::nullopt;
  const auto content = file.first(file.size() - sizeof(Trailer));
  Trailer trailer;
  std::memcpy(&trailer, file.data() + content.size(), sizeof trailer);
  if (trailer.length != content.size()) return std::nullopt;
  const Seal expected = seal_of(content, name, key);
  if (CRYPTO_memcmp(expected.data(), trailer.seal.data(), expected.size()) != 0) {
    return std::nullopt;
  }
  return content;
}

bool write_sealed(int fd, std::span<const std::uint8_t> content, std::string_view name,
                  const SealKey& key) {
  const Trailer trailer{.length = content.size(), .seal = seal_of(content, name, key)};
  return write_all(fd, content) &&
         write_all(fd, {reinterpret_cast<const std::uint8_t*>(&trailer), sizeof trailer});
}

}  // namespace pear::engine

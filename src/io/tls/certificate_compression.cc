#include "io/tls/certificate_compression.h"

#include <utility>

#include <openssl/pool.h>
#include <openssl/sha.h>
#include <zlib.h>

namespace pear::io::tls {

std::span<const std::uint8_t> CompressedCertificates::compressed(
    std::span<const std::uint8_t> message) {
  Entry entry;
  SHA256(message.data(), message.size(), entry.digest.data());
  for (const Entry& known : entries_) {
    if (known.digest == entry.digest) return known.bytes;
  }
  ++misses_;
  uLongf size = ::compressBound(message.size());
  entry.bytes.resize(size);
  if (::compress2(entry.bytes.data(), &size, message.data(), message.size(), Z_BEST_COMPRESSION) !=
      Z_OK) {
    return {};
  }
  entry.bytes.resize(size);
  entry.bytes.shrink_to_fit();
  if (entries_.size() < kKept) return entries_.emplace_back(std::move(entry)).bytes;
  next_ = (next_ + 1) % kKept;
  entries_[next_] = std::move(entry);
  return entries_[next_].bytes;
}

bssl::UniquePtr<CRYPTO_BUFFER> unpack_certificate(std::span<const std::uint8_t> packed,
                                                  std::size_t unpacked_bytes) {
  if (unpacked_bytes > CompressedCertificates::kUnpackedBytesMax) return nullptr;
  std::uint8_t* target = nullptr;
  bssl::UniquePtr<CRYPTO_BUFFER> buffer(CRYPTO_BUFFER_alloc(&target, unpacked_bytes));
  if (buffer == nullptr) return nullptr;
  uLongf size = unpacked_bytes;
  if (::uncompress(target, &size, packed.data(), packed.size()) != Z_OK || size != unpacked_bytes) {
    return nullptr;
  }
  return buffer;
}

}  // namespace pear::io::tls

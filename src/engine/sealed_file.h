// A file that carries its own proof: content, then its length, then an HMAC-SHA256 over its name,
// length and content. Only who has the key can make one, and none can be put in another's place.
//
// Thread: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/owned_fd.h"

namespace pear::engine {

using SealKey = std::array<std::uint8_t, 32>;

// A file mapped for reading.
class MappedFile {
 public:
  // Nothing when it cannot be mapped; an empty file cannot.
  static std::optional<MappedFile> open(int fd, std::size_t size);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::span<const std::uint8_t> bytes_;
};

// The content of a sealed file; nothing when it is not what `key` sealed under `name`.
[[nodiscard]] std::optional<std::span<const std::uint8_t>> unsealed(
    std::span<const std::uint8_t> file, std::string_view name, const SealKey& key);

// Writes content and seal to an empty file. False with errno when it cannot.
[[nodiscard]] bool write_sealed(int fd, std::span<const std::uint8_t> content,
                                std::string_view name, const SealKey& key);

}  // namespace pear::engine

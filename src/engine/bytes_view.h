// PearBytes and PearBuffer of <pear_rust.h> as C++ sees them.
//
// Memory: a PearBytes borrows; OwnedBytes frees what the Rust library gave.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <pear_rust.h>

namespace pear::engine {

[[nodiscard]] inline PearBytes lend(std::string_view text) {
  return {.data = reinterpret_cast<const std::uint8_t*>(text.data()), .len = text.size()};
}

[[nodiscard]] inline PearBytes lend(std::span<const std::uint8_t> bytes) {
  return {.data = bytes.data(), .len = bytes.size()};
}

[[nodiscard]] inline std::string_view text_of(PearBytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.len};
}

// Bytes that the Rust library made.
class OwnedBytes {
 public:
  OwnedBytes() = default;
  explicit OwnedBytes(PearBuffer buffer) : buffer_(buffer) {}
  OwnedBytes(const OwnedBytes&) = delete;
  OwnedBytes& operator=(const OwnedBytes&) = delete;
  OwnedBytes(OwnedBytes&& other) noexcept : buffer_(std::exchange(other.buffer_, {})) {}
  OwnedBytes& operator=(OwnedBytes&& other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~OwnedBytes() { pear_buffer_free(buffer_); }

  // For functions that fill a buffer. Only while empty.
  [[nodiscard]] PearBuffer* out() { return &buffer_; }

  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {buffer_.data, buffer_.len}; }
  [[nodiscard]] std::string text() const {
    return {reinterpret_cast<const char*>(buffer_.data), buffer_.len};
  }

 private:
  PearBuffer buffer_{};
};

}  // namespace pear::engine

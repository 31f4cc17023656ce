// HeadWriter: appends text to a buffer of fixed size and goes on counting where it is full.
//
// Thread: core-local.
// Memory: borrows the buffer.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/field.h"
#include "http/field_rules.h"

namespace pear::http1 {

class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> out) : out_(out) {}

  void text(std::string_view bytes) {
    if (size_ <= out_.size() && bytes.size() <= out_.size() - size_) {
      if (!bytes.empty()) std::memcpy(out_.data() + size_, bytes.data(), bytes.size());
    }
    size_ += bytes.size();
  }

  void number(std::uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    text({digits, static_cast<std::size_t>(end - digits)});
  }

  // "name: value" and the line's end.
  //
  // Errors: InvalidInput when the name is no token, or the value not a field value.
  [[nodiscard]] Result<void> field(const http::Field& field) {
    if (!http::is_token(field.name)) {
      return fail(ErrorKind::InvalidInput, "field name is not a token");
    }
    if (!http::is_field_value(field.value)) {
      return fail(ErrorKind::InvalidInput, "field value with a control or blanks around it");
    }
    text(field.name);
    text(": ");
    text(field.value);
    text("\r\n");
    return {};
  }

  // Of all that was appended. The buffer holds it if it is not longer.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

}  // namespace pear::http1

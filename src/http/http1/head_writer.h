// HeadWriter: appends text and fields to a buffer of fixed size and goes on counting where it is
// full.
//
// Thread: core-local.
// Memory: borrows the buffer.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/field.h"
#include "http/field_rules.h"
#include "http/framing.h"

namespace pear::http1 {

// A name in lower case, as the rules want it. Sites write theirs in any case. Names that are longer
// than any that has a rule are cut off, and so match none.
class LowerName {
 public:
  explicit LowerName(std::string_view name) : size_(std::min(name.size(), bytes_.size())) {
    std::ranges::transform(name.substr(0, size_), bytes_.begin(), http::to_lower);
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 32> bytes_{};
  std::size_t size_;
};

// Whether the serialisers themselves say what a field of this name would say.
[[nodiscard]] inline bool is_owned_here(const http::Field& field) {
  const LowerName name(field.name);
  return http::is_framing_field({.name = name.view(), .value = field.value});
}

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
    std::array<char, 20> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text({digits.data(), end});
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

  // The field that says how the body ends, if one does.
  void framing(http::Framing framing, std::uint64_t content_length) {
    switch (framing) {
      case http::Framing::Length:
        text("content-length: ");
        number(content_length);
        text("\r\n");
        return;
      case http::Framing::Chunked:
        text("transfer-encoding: chunked\r\n");
        return;
      case http::Framing::None:
      case http::Framing::UntilClose:
        return;
    }
  }

  // Of all that was appended. The buffer holds it if it is not longer.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

}  // namespace pear::http1

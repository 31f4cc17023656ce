#include "http/field_lines.h"

#include <array>
#include <string_view>

#include "base/assert.h"
#include "http/field_rules.h"

namespace pear::http {
namespace {

// An integer behind the first bits of a byte (RFC 7541, section 5.1).
class PrefixedInteger {
 public:
  // `first` has the bits before the prefix; `prefix_bits` are left for the integer.
  PrefixedInteger(std::uint8_t first, unsigned prefix_bits, std::uint64_t value) {
    const std::uint64_t full = (1ULL << prefix_bits) - 1;
    if (value < full) {
      add(first | value);
      return;
    }
    add(first | full);
    value -= full;
    for (; value >= 128; value >>= 7U) add((value & 127U) | 128U);
    add(value);
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  void add(std::uint64_t byte) { bytes_[size_++] = static_cast<char>(byte & 255U); }

  std::array<char, 12> bytes_{};
  std::size_t size_ = 0;
};

// What stands before a name: the kind of line, and how long the name is.
class NameStart {
 public:
  NameStart(FieldCoding coding, std::uint64_t length) {
    // HPACK says in a byte of its own that this is a literal with a new name, which is not indexed.
    if (coding == FieldCoding::Hpack) size_ = 1;
    const PrefixedInteger number = coding == FieldCoding::Hpack ? PrefixedInteger(0, 7, length)
                                                                : PrefixedInteger(0x20, 3, length);
    for (const char byte : number.view()) bytes_[size_++] = byte;
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 13> bytes_{};
  std::size_t size_ = 0;
};

bool is_left_out(FieldPlace place, const Field& field) {
  switch (place) {
    case FieldPlace::Anywhere:
      return false;
    case FieldPlace::Head:
      return is_framing_field(field);
    case FieldPlace::Trailers:
      return is_forbidden_in_trailers(field.name);
  }
  PEAR_UNREACHABLE("a place without a rule");
}

}  // namespace

std::uint64_t field_lines_size(FieldCoding coding, FieldPlace place,
                               std::span<const Field> fields) {
  std::uint64_t size = 0;
  for (const Field& field : fields) {
    if (is_left_out(place, field)) continue;
    size += NameStart(coding, field.name.size()).view().size() + field.name.size() +
            PrefixedInteger(0, 7, field.value.size()).view().size() + field.value.size();
  }
  return size;
}

std::size_t write_field_lines(FieldCoding coding, FieldPlace place, std::span<const Field> fields,
                              FieldCursor& at, std::span<char> out) {
  PieceWriter writer(out, at);
  while (at.item < fields.size()) {
    const Field& field = fields[at.item];
    if (is_left_out(place, field)) {
      writer.skip_item();
      continue;
    }
    const NameStart name(coding, field.name.size());
    const PrefixedInteger value(0, 7, field.value.size());
    if (!writer.item({name.view(), field.name, value.view(), field.value})) return writer.size();
  }
  at.done = true;
  return writer.size();
}

std::uint64_t field_section_size(std::span<const Field> fields) {
  constexpr std::uint64_t kFieldOverhead = 32;
  std::uint64_t size = 0;
  for (const Field& field : fields) {
    size += field.name.size() + field.value.size() + kFieldOverhead;
  }
  return size;
}

}  // namespace pear::http

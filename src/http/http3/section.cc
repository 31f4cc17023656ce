#include "http/http3/section.h"

#include <algorithm>

#include "base/assert.h"
#include "http/field_lines.h"

namespace pear::http3 {
namespace {

using http::FieldCoding;
using http::FieldPlace;

// Required Insert Count and Base: no dynamic table (RFC 9204, section 4.5.1).
constexpr std::size_t kPrefixBytes = 2;

}  // namespace

std::size_t write_frame_head(FrameType type, std::uint64_t bytes,
                             std::span<char, kFrameHeadBytesMax> out) {
  out[0] = static_cast<char>(type);
  // A variable-length integer (RFC 9000, section 16): 1, 2, 4 or 8 bytes, by its first two bits.
  unsigned kind = 0;
  while (kind < 3 && bytes >= 1ULL << (8U * (1U << kind) - 2)) ++kind;
  const std::size_t size = std::size_t{1} << kind;
  for (std::size_t i = 0; i < size; ++i) {
    out[1 + i] = static_cast<char>(bytes >> (8 * (size - 1 - i)) & 0xffU);
  }
  out[1] = static_cast<char>(static_cast<unsigned char>(out[1]) | kind << 6U);
  return 1 + size;
}

Section::Section(std::span<const http::Field> own, http::FieldPlace place,
                 std::span<const http::Field> fields)
    : place_(place), fields_(fields) {
  std::array<char, kOwnBytesMax> lines{};
  http::FieldCursor at;
  const std::size_t lines_size =
      http::write_field_lines(FieldCoding::Qpack, FieldPlace::Anywhere, own, at, lines);
  PEAR_ASSERT(at.done, "the session's own fields and the edge's are a few of a known size");
  const std::uint64_t payload =
      kPrefixBytes + lines_size + http::field_lines_size(FieldCoding::Qpack, place, fields);
  start_size_ =
      write_frame_head(FrameType::Headers, payload, std::span(start_).first<kFrameHeadBytesMax>());
  for (std::size_t i = 0; i < kPrefixBytes; ++i) start_[start_size_++] = 0;
  std::ranges::copy(std::span(lines).first(lines_size), start_.begin() + start_size_);
  start_size_ += lines_size;
}

std::size_t Section::write(std::span<char> out) {
  const auto rest = std::span(start_).subspan(start_at_, start_size_ - start_at_);
  const std::size_t taken = std::min(rest.size(), out.size());
  std::ranges::copy(rest.first(taken), out.begin());
  start_at_ += taken;
  if (start_at_ < start_size_) return taken;
  return taken +
         http::write_field_lines(FieldCoding::Qpack, place_, fields_, at_, out.subspan(taken));
}

std::uint64_t Section::size_max(std::span<const http::Field> own, http::FieldPlace place,
                                std::span<const http::Field> fields) {
  return kFrameHeadBytesMax + kPrefixBytes +
         http::field_lines_size(FieldCoding::Qpack, FieldPlace::Anywhere, own) +
         http::field_lines_size(FieldCoding::Qpack, place, fields);
}

}  // namespace pear::http3

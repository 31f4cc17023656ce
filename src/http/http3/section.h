// Section: a field section on its way out in pieces: the HEADERS frame of a head or of trailers for
// which the client has no room at once. quiche would send it as a whole or, where the window is
// never so large, not at all.
//
// Source:  RFC 9114, section 7.2.2; RFC 9204, section 4.5.
// Thread:  core-local.
// Memory:  a few bytes of the frame's start; the fields stay with their owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "http/field.h"
#include "http/field_lines.h"
#include "http/piece_writer.h"

namespace pear::http3 {

class Section {
 public:
  // The frame has `own`, which are few and copied, and then `fields`, which outlive it, without
  // those that do not belong to the place.
  Section(std::span<const http::Field> own, http::FieldPlace place,
          std::span<const http::Field> fields);

  // Writes on; gives how many bytes.
  [[nodiscard]] std::size_t write(std::span<char> out);
  [[nodiscard]] bool done() const { return start_at_ == start_size_ && at_.done; }

  // A bound of what quiche makes of such a section, the frame's head included.
  [[nodiscard]] static std::uint64_t size_max(std::span<const http::Field> own,
                                              http::FieldPlace place,
                                              std::span<const http::Field> fields);

  // What the lines of `own` may come to.
  static constexpr std::size_t kOwnBytesMax = 320;

 private:
  static constexpr std::size_t kHeadBytesMax = 16;  // Type and length of the frame, QPACK's prefix.

  std::array<char, kHeadBytesMax + kOwnBytesMax> start_;
  std::size_t start_size_ = 0;
  std::size_t start_at_ = 0;  // Of it that is out.
  http::FieldPlace place_;
  std::span<const http::Field> fields_;
  http::FieldCursor at_;
};

// The type and length of a frame (RFC 9114, section 7.1), at the beginning of `out`; gives its
// size.
inline constexpr std::size_t kFrameHeadBytesMax = 9;
enum class FrameType : std::uint8_t { Data = 0, Headers = 1 };
[[nodiscard]] std::size_t write_frame_head(FrameType type, std::uint64_t bytes,
                                           std::span<char, kFrameHeadBytesMax> out);

}  // namespace pear::http3

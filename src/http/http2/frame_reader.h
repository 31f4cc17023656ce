// FrameReader: finds the frames in what a client sends, before anything else looks at them.
//
// The bytes come out again as they went in, in pieces: a frame's head alone, so that it can be
// counted, refused or dropped, and everything between heads. What follows the head of a PRIORITY or
// WINDOW_UPDATE of the right length comes with it.
//
// Source: RFC 9113, sections 3.4 and 4.1.
// Thread: core-local.
// Memory: itself; keeps a head that came in part.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pear::http2 {

// Of frames that Pear looks at itself.
enum class FrameType : std::uint8_t {
  Data = 0x0,
  Headers = 0x1,
  Priority = 0x2,
  RstStream = 0x3,
  Settings = 0x4,
  PushPromise = 0x5,
  Ping = 0x6,
  Goaway = 0x7,
  WindowUpdate = 0x8,
  Continuation = 0x9,
  PriorityUpdate = 0x10,
};

struct FrameHead {
  static constexpr std::uint8_t kAck = 0x1;
  static constexpr std::uint8_t kEndStream = 0x1;
  static constexpr std::uint8_t kEndHeaders = 0x4;

  std::uint32_t length = 0;
  std::uint8_t type = 0;  // Any number: see FrameType.
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  // The first 31 bits of what comes with the head: the stream that a PRIORITY depends on, the
  // increment of a WINDOW_UPDATE. Else 0.
  std::uint32_t operand = 0;

  [[nodiscard]] bool is(FrameType which) const { return type == static_cast<std::uint8_t>(which); }
  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

class FrameReader {
 public:
  enum class Origin : std::uint8_t {
    Input,  // The piece is part of the input.
    Kept,   // It is a copy, valid until the next call.
  };
  struct Piece {
    std::span<const char> bytes;      // Empty: all input was taken.
    const FrameHead* head = nullptr;  // Set where `bytes` is a frame's head.
    Origin origin = Origin::Input;
  };

  // Takes the next piece off the input. The connection preface comes first, as a piece without
  // head.
  [[nodiscard]] Piece next(std::span<const char>* input);
  // What follows the head that was given last does not come out.
  void drop_payload() { dropping_ = true; }

 private:
  static constexpr std::size_t kPrefaceBytes = 24;
  static constexpr std::size_t kHeadBytes = 9;
  static constexpr std::size_t kHeadBytesMax = kHeadBytes + 5;

  // How many bytes belong together, as far as the first `bytes` of them tell.
  [[nodiscard]] static std::size_t head_bytes(std::span<const char> bytes);
  [[nodiscard]] Piece give_head(std::span<const char> bytes, Origin origin);

  std::uint32_t payload_left_ = kPrefaceBytes;
  bool dropping_ = false;
  std::uint8_t kept_bytes_ = 0;
  std::array<char, kHeadBytesMax> kept_{};
  FrameHead head_;
};

}  // namespace pear::http2

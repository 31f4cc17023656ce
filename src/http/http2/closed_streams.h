// ClosedStreams: how the last streams of a connection ended, so that a frame that comes for one of
// them gets the answer that RFC 9113 asks for.
//
// nghttp2 forgets a stream when it closes and ignores what comes for it. That is right only where
// Pear has reset it: the client may not know yet.
//
// Source: RFC 9113, section 5.1.
// Thread: core-local.
// Memory: 168 bytes; how older streams ended is forgotten.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace pear::http2 {

class ClosedStreams {
 public:
  enum class End : std::uint8_t {
    Forgotten,    // Too long ago.
    NeverOpened,  // Skipped by the client, and so closed.
    Finished,     // Both sides sent END_STREAM.
    ResetByPeer,
    ResetHere,
  };

  void add(std::uint32_t id, End end) {
    forgotten_max_ = std::max(forgotten_max_, ids_[next_]);
    ids_[next_] = id;
    ends_[next_] = end;
    next_ = static_cast<std::uint8_t>((next_ + 1) % kKept);
  }

  // Of a stream that is not open, and older than the newest that was.
  [[nodiscard]] End end_of(std::uint32_t id) const {
    const auto* const found = std::ranges::find(ids_, id);
    if (found != ids_.end()) return ends_[static_cast<std::size_t>(found - ids_.begin())];
    return id <= forgotten_max_ ? End::Forgotten : End::NeverOpened;
  }

 private:
  static constexpr std::size_t kKept = 32;

  std::array<std::uint32_t, kKept> ids_{};
  std::array<End, kKept> ends_{};
  std::uint32_t forgotten_max_ = 0;
  std::uint8_t next_ = 0;
};

}  // namespace pear::http2

// RecordPieces: cuts what is to be sent into records: large pieces are taken where they lie, small
// ones are gathered, so that a head and the body behind it share a record.
//
// Thread: a local of one call. Owner: of nothing; the pieces and the room outlive it.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include <sys/uio.h>

namespace pear::io::tls {

class RecordPieces {
 public:
  // `room` is as large as a record.
  RecordPieces(std::span<const iovec> pieces, std::span<char> room) : rest_(pieces), room_(room) {
    skip_empty();
  }

  [[nodiscard]] bool done() const { return rest_.empty(); }

  // The next record; empty at the end. Valid until the next call.
  [[nodiscard]] std::span<const char> next() {
    if (done()) return {};
    std::span<const char> piece = current();
    if (piece.size() >= room_.size() || rest_.size() == 1) {
      const auto record = piece.first(std::min(piece.size(), room_.size()));
      advance(record.size());
      return record;
    }
    std::size_t gathered = 0;
    while (!done() && gathered < room_.size()) {
      piece = current();
      const std::size_t count = std::min(piece.size(), room_.size() - gathered);
      std::memcpy(room_.data() + gathered, piece.data(), count);
      gathered += count;
      advance(count);
    }
    return room_.first(gathered);
  }

 private:
  [[nodiscard]] std::span<const char> current() const {
    const iovec& piece = rest_.front();
    return std::span(static_cast<const char*>(piece.iov_base), piece.iov_len).subspan(offset_);
  }
  void advance(std::size_t bytes) {
    offset_ += bytes;
    if (offset_ < rest_.front().iov_len) return;
    rest_ = rest_.subspan(1);
    offset_ = 0;
    skip_empty();
  }
  void skip_empty() {
    while (!rest_.empty() && rest_.front().iov_len == 0) rest_ = rest_.subspan(1);
  }

  std::span<const iovec> rest_;
  std::size_t offset_ = 0;  // Of the first of rest_.
  std::span<char> room_;
};

}  // namespace pear::io::tls

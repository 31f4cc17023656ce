// PieceWriter: lays text into one buffer after another: it stops where a buffer is full, and goes
// on there in the next.
//
// What is written consists of items, each made of some pieces of text. Whoever writes makes the
// pieces of an item again when it comes back to it: nothing is kept but how far it has come. So a
// head of any size leaves by a buffer of any size, and no copy of it exists.
//
// Thread: core-local.
// Memory: borrows the buffer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace pear::http {

// How far a list of fields has been written.
struct FieldCursor {
  std::size_t item = 0;   // The first that is not all out,
  std::size_t bytes = 0;  // and how much of it is.
  bool done = false;      // The whole list is out.

  bool operator==(const FieldCursor&) const = default;
};

class PieceWriter {
 public:
  // `at` is moved on by what is written.
  PieceWriter(std::span<char> out, FieldCursor& at) : out_(out), at_(at) {}

  // The rest of the current item, which consists of `pieces`. False: the buffer is full; come again
  // with the same pieces and another buffer.
  [[nodiscard]] bool item(std::initializer_list<std::string_view> pieces) {
    std::size_t skip = at_.bytes;
    for (std::string_view piece : pieces) {
      if (skip >= piece.size()) {
        skip -= piece.size();
        continue;
      }
      piece.remove_prefix(std::exchange(skip, 0));
      const std::size_t taken = std::min(piece.size(), out_.size() - size_);
      std::memcpy(out_.data() + size_, piece.data(), taken);
      size_ += taken;
      at_.bytes += taken;
      if (taken < piece.size()) return false;
    }
    skip_item();
    return true;
  }
  // Leaves the current item out.
  void skip_item() {
    ++at_.item;
    at_.bytes = 0;
  }

  // Bytes of the buffer that were written.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::span<char> out_;
  FieldCursor& at_;
  std::size_t size_ = 0;
};

}  // namespace pear::http

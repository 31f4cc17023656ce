// MemoryAccount: what all the instances of one cage hold together.
//
// It charges the sizes that guests asked for: linear memories, tables, and what the host keeps on
// their behalf. Pages that a guest never touched count too, so that a limit means the same on every
// machine.
//
// Thread: core-local.
#pragma once

#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"

namespace pear::cage {

class MemoryAccount {
 public:
  explicit MemoryAccount(Bytes max) : max_(max.count) {}

  // False, and nothing is charged, when it does not fit.
  [[nodiscard]] bool try_charge(std::uint64_t bytes) {
    if (bytes > max_ - used_) return false;
    used_ += bytes;
    return true;
  }
  void release(std::uint64_t bytes) {
    PEAR_ASSERT(bytes <= used_, "more came back than was charged");
    used_ -= bytes;
  }

  [[nodiscard]] std::uint64_t used() const { return used_; }
  [[nodiscard]] std::uint64_t room() const { return max_ - used_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }

 private:
  std::uint64_t max_;
  std::uint64_t used_ = 0;
};

}  // namespace pear::cage

// LastGood: the last configuration that a server served with, kept for the server after it.
//
// A server that crashes while the file on disk is broken, half written say, must come back with
// what was in force. The text lies in the file without a name that the keeper holds
// (Inheritance::state_fd).
//
// Thread: any, one at a time. Owner: borrows the descriptor.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pear::cli {

class LastGood {
 public:
  // -1: nothing is kept, nothing is found.
  explicit LastGood(int fd) : fd_(fd) {}

  // A process that dies within it leaves nothing rather than a part.
  void keep(std::string_view text) const;
  [[nodiscard]] std::optional<std::string> find() const;

 private:
  int fd_;
};

}  // namespace pear::cli

// CapturedTerminal: a Terminal whose output a test reads.
//
// Owner: two files without a name. Thread: the test's.
#pragma once

#include <array>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "io/unique_fd.h"

namespace pear::cli {

class CapturedTerminal {
 public:
  explicit CapturedTerminal(Terminal::Look look = Terminal::Look::Plain)
      : out_(::memfd_create("out", MFD_CLOEXEC)),
        err_(::memfd_create("err", MFD_CLOEXEC)),
        terminal({.fd = out_.get(), .look = look}, {.fd = err_.get(), .look = look}) {}

  // All that was written so far.
  [[nodiscard]] std::string out() const { return text_of(out_.get()); }
  [[nodiscard]] std::string err() const { return text_of(err_.get()); }

 private:
  static std::string text_of(int fd) {
    std::string text;
    std::array<char, 4'096> piece{};
    ssize_t got = 0;
    while ((got = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0) {
      text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  io::UniqueFd out_;
  io::UniqueFd err_;

 public:
  Terminal terminal;
};

}  // namespace pear::cli

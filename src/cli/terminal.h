// Terminal: how Pear speaks to a person. The one place that knows colours, symbols and columns.
//
// Answers go to standard output, everything else (errors, hints, progress) to standard error, so
// that `pear status --json | jq` and `pear validate > effective.toml` work. Colours and moving
// progress are used only where the stream is a terminal, NO_COLOR is unset and TERM is not "dumb".
// Text from files and servers is shown with its control characters replaced.
//
// Thread: the main thread of a command.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pear::cli {

enum class Colour : std::uint8_t { Plain, Bold, Dim, Red, Green, Yellow, Cyan };

class Terminal {
 public:
  enum class Look : std::uint8_t { Plain, Styled };
  struct Stream {
    int fd = -1;
    Look look = Look::Plain;
  };

  // Standard output and error of this process.
  [[nodiscard]] static Terminal standard();
  Terminal(Stream out, Stream err) : out_(out), err_(err) {}

  // The answer of the command, as it is. A line ends only where the text says so.
  void print(std::string_view text) const;
  // A remark beside the answer: "  ✓ built shop.wasm (212 KiB, 1.2 s)".
  void done(std::string_view text) const;
  void note(std::string_view text) const;
  void warning(std::string_view text) const;
  // One sentence: what is wrong, with the name of the file, and what to do.
  void error(std::string_view text) const;
  // One more line under an error or a result: a thing to try.
  void hint(std::string_view text) const;

  // `text` in a colour, for print() (Out) or the others (Err). Unchanged where there are no
  // colours.
  [[nodiscard]] std::string out(Colour colour, std::string_view text) const;
  [[nodiscard]] std::string err(Colour colour, std::string_view text) const;

  // A line that is written over by the next one; nothing at all where the stream is not a terminal.
  void show_progress(std::string_view text) const;
  void clear_progress() const;
  [[nodiscard]] bool shows_progress() const { return err_.look == Look::Styled; }

 private:
  Stream out_;
  Stream err_;
};

// The text with control characters, and bytes that are not UTF-8, replaced by '?'. Newlines stay.
[[nodiscard]] std::string printable(std::string_view text);

// Columns as wide as their widest cell, two spaces apart; the first row is the head.
struct Table {
  enum class Align : std::uint8_t { Left, Right };
  std::vector<Align> columns;
  std::vector<std::vector<std::string>> rows;
};
[[nodiscard]] std::string to_text(const Table& table, const Terminal& terminal);

// "212 KiB", "3.1 MiB"; "850 ms", "1.2 s", "2 min 05 s".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds duration);

}  // namespace pear::cli

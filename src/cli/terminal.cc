#include "cli/terminal.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include <unistd.h>

#include <fmt/format.h>

#include "base/utf8.h"

namespace pear::cli {

namespace {

// Read before there are threads.
std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string_view{} : std::string_view(value);
}

Terminal::Look look_of(int fd) {
  const bool styled =
      ::isatty(fd) == 1 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  return styled ? Terminal::Look::Styled : Terminal::Look::Plain;
}

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::Plain:
      return "";
    case Colour::Bold:
      return "\x1b[1m";
    case Colour::Dim:
      return "\x1b[2m";
    case Colour::Red:
      return "\x1b[31m";
    case Colour::Green:
      return "\x1b[32m";
    case Colour::Yellow:
      return "\x1b[33m";
    case Colour::Cyan:
      return "\x1b[36m";
  }
  return "";
}

std::string painted(Terminal::Look look, Colour colour, std::string_view text) {
  if (look == Terminal::Look::Plain || colour == Colour::Plain) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code_of(colour), text);
}

// What cannot be written is lost: there is nobody to tell.
void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Columns that plain text takes: one for each character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

Terminal Terminal::standard() {
  return Terminal({.fd = STDOUT_FILENO, .look = look_of(STDOUT_FILENO)},
                  {.fd = STDERR_FILENO, .look = look_of(STDERR_FILENO)});
}

void Terminal::print(std::string_view text) const {
  write_all(out_.fd, text);
}
void Terminal::done(std::string_view text) const {
  clear_progress();
  write_all(err_.fd, fmt::format("{} {}\n", err(Colour::Green, "✓"), text));
}
void Terminal::note(std::string_view text) const {
  clear_progress();
  write_all(err_.fd, fmt::format("{}\n", text));
}
void Terminal::warning(std::string_view text) const {
  clear_progress();
  write_all(err_.fd, fmt::format("{} {}\n", err(Colour::Yellow, "warning:"), text));
}
void Terminal::error(std::string_view text) const {
  clear_progress();
  write_all(err_.fd, fmt::format("{} {}\n", err(Colour::Red, "error:"), text));
}
void Terminal::hint(std::string_view text) const {
  clear_progress();
  write_all(err_.fd, fmt::format("  {} {}\n", err(Colour::Cyan, "→"), text));
}

std::string Terminal::out(Colour colour, std::string_view text) const {
  return painted(out_.look, colour, text);
}
std::string Terminal::err(Colour colour, std::string_view text) const {
  return painted(err_.look, colour, text);
}

void Terminal::show_progress(std::string_view text) const {
  if (!shows_progress()) return;
  write_all(err_.fd, fmt::format("\r\x1b[2K{}", text));
}
void Terminal::clear_progress() const {
  if (shows_progress()) write_all(err_.fd, "\r\x1b[2K");
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const base::Utf8Character character = base::utf8_character(text);
    const bool control =
        (first < 0x20 && first != '\n') || first == 0x7f || base::begins_with_c1_control(text);
    if (character.well_formed && !control) {
      out += text.substr(0, character.size);
    } else {
      out += '?';
    }
    text.remove_prefix(character.size);
  }
  return out;
}

std::string to_text(const Table& table, const Terminal& terminal) {
  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  }
  std::string out;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < std::min(table.rows[r].size(), widths.size()); ++i) {
      const std::string& cell = table.rows[r][i];
      const std::string space(widths[i] - width_of(cell), ' ');
      if (i > 0) line += "  ";
      line += table.columns[i] == Table::Align::Right ? space + cell : cell + space;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += r == 0 ? terminal.out(Colour::Dim, line) : line;
    out += '\n';
  }
  return out;
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  for (const char* unit : {"KiB", "MiB"}) {
    if (value < 1023.5) {  // What is more would be shown as 1024.
      return value < 10 ? fmt::format("{:.1f} {}", value, unit)
                        : fmt::format("{:.0f} {}", value, unit);
    }
    value /= 1024;
  }
  return value < 10 ? fmt::format("{:.1f} GiB", value) : fmt::format("{:.0f} GiB", value);
}

std::string duration_text(std::chrono::nanoseconds duration) {
  const double ms = std::chrono::duration<double, std::milli>(duration).count();
  if (ms < 0.9995) return fmt::format("{:.0f} µs", ms * 1000);
  if (ms < 9.95) return fmt::format("{:.1f} ms", ms);
  if (ms < 999.5) return fmt::format("{:.0f} ms", ms);
  if (ms < 59'950) return fmt::format("{:.1f} s", ms / 1000);
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (seconds < 3'600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  const auto minutes = seconds / 60;
  if (minutes < 48L * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  return fmt::format("{} days", minutes / (24L * 60));
}

}  // namespace pear::cli

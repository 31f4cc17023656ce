#include "cli/terminal.h"

#include <array>
#include <chrono>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "cli/captured_terminal.h"

namespace pear::cli {
namespace {

using namespace std::chrono_literals;

TEST(Terminal, UsesNoColoursWhereTheStreamIsAPipe) {
  CapturedTerminal captured;

  captured.terminal.error("pear.toml is not there");
  captured.terminal.hint("pear new shop");
  captured.terminal.done("built");
  captured.terminal.show_progress("compiling");
  captured.terminal.print(captured.terminal.out(Colour::Green, "answer") + "\n");

  EXPECT_EQ(captured.err(), "error: pear.toml is not there\n  → pear new shop\n✓ built\n");
  EXPECT_EQ(captured.out(), "answer\n");
}

TEST(Terminal, PaintsAndWritesOverProgressOnATerminal) {
  CapturedTerminal captured(Terminal::Look::Styled);

  captured.terminal.show_progress("compiling");
  captured.terminal.error("no");

  EXPECT_EQ(captured.err(), "\r\x1b[2Kcompiling\r\x1b[2K\x1b[31merror:\x1b[0m no\n");
}

TEST(PrintableText, ReplacesWhatCouldSteerATerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\r\x7f\tc\nd"), "a?[31mb???c\nd");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m")
      << "a C1 control character";
}

TEST(PrintableText, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(printable("grün ✓ 🍐"), "grün ✓ 🍐");
  EXPECT_EQ(printable("\xff\xc3\xe2\x9c"), "???");
  EXPECT_EQ(printable("\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80"), "??????????");
}

TEST(TableText, AlignsColumnsAndEndsLinesWithoutSpaces) {
  CapturedTerminal captured;
  const Table table{.columns = {Table::Align::Left, Table::Align::Right},
                    .rows = {{"SITE", "CAGES"}, {"shop", "3"}, {"größe", "12"}}};

  EXPECT_EQ(to_text(table, captured.terminal),
            "SITE   CAGES\n"
            "shop       3\n"
            "größe     12\n");
}

TEST(BytesText, ChoosesAUnitThatAPersonReads) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024), "1.0 KiB");
  EXPECT_EQ(bytes_text(212 * 1024), "212 KiB");
  EXPECT_EQ(bytes_text(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{3} << 30U), "3.0 GiB");
}

TEST(DurationText, ChoosesAUnitThatAPersonReads) {
  EXPECT_EQ(duration_text(46us), "46 µs");
  EXPECT_EQ(duration_text(1ms), "1.0 ms");
  EXPECT_EQ(duration_text(850ms), "850 ms");
  EXPECT_EQ(duration_text(1'240ms), "1.2 s");
  EXPECT_EQ(duration_text(59'960ms), "1 min 00 s");
  EXPECT_EQ(duration_text(125s), "2 min 05 s");
  EXPECT_EQ(duration_text(3'599s), "59 min 59 s");
  EXPECT_EQ(duration_text(3'600s), "1 h 00 min");
  EXPECT_EQ(duration_text(72h), "3 days");
}

}  // namespace
}  // namespace pear::cli

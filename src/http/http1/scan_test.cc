#include "http/http1/scan.h"

#include <string>

#include <gtest/gtest.h>

#include "http/character.h"

namespace pear::http1 {
namespace {

using http::CharacterClass;

TEST(Scanner, AlwaysHasThePlainVersionAsItsLast) {
  EXPECT_STREQ(Scanner::all().back().name, "scalar");
  EXPECT_STREQ(Scanner::all().front().name, Scanner::best().name);
}

// Every byte at every place of runs that are shorter and longer than one step of each version.
TEST(Scanner, FindsEveryByteThatIsNotAllowedWhereverItStands) {
  for (const Scanner& scanner : Scanner::all()) {
    for (std::size_t place = 0; place < 70; ++place) {
      for (int c = 0; c < 256; ++c) {
        const char byte = static_cast<char>(c);
        std::string text(place + 40, 'a');
        text[place] = byte;
        const char* const begin = text.data();
        const char* const end = begin + text.size();
        const auto expected = [&](bool allowed) { return allowed ? end : begin + place; };

        ASSERT_EQ(scanner.token_end(begin, end), expected(is_in(byte, CharacterClass::Token)))
            << scanner.name << c;
        ASSERT_EQ(scanner.value_end(begin, end), expected(is_in(byte, CharacterClass::FieldValue)))
            << scanner.name << c;
        ASSERT_EQ(scanner.target_end(begin, end),
                  expected(is_in(byte, CharacterClass::Target) || byte == '#'))
            << scanner.name << c;
        ASSERT_EQ(scanner.path_end(begin, end), expected(is_in(byte, CharacterClass::PathPlain)))
            << scanner.name << c;
      }
    }
  }
}

TEST(Scanner, ReadsWholeFieldLinesOnly) {
  for (const Scanner& scanner : Scanner::all()) {
    for (const std::size_t length : {1U, 15U, 16U, 17U, 31U, 32U, 33U, 64U, 100U}) {
      const std::string name(length, 'n');
      const std::string value(length, 'v');
      const std::string line = name + ": \t" + value + " \r\n" + std::string(length, 'x');
      FieldLine found{};

      ASSERT_TRUE(scanner.field_line(line.data(), line.data() + line.size(), &found));
      EXPECT_EQ(found.name_end, line.data() + length) << scanner.name;
      EXPECT_EQ(found.value, line.data() + length + 3) << scanner.name;
      EXPECT_EQ(found.value_end, line.data() + length + 3 + length + 1) << scanner.name;
      const std::size_t whole = line.find('\n') + 1;
      EXPECT_TRUE(scanner.field_line(line.data(), line.data() + whole, &found));
      for (std::size_t cut = 0; cut < whole; ++cut) {
        EXPECT_FALSE(scanner.field_line(line.data(), line.data() + cut, &found)) << cut;
      }
    }
  }
}

}  // namespace
}  // namespace pear::http1

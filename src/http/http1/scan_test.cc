#include "http/http1/scan.h"

#include <array>
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
    for (const std::size_t length : {1U, 15U, 31U, 32U, 61U, 62U, 63U, 64U, 65U, 100U, 130U}) {
      const std::string name(length, 'n');
      const std::string value(length, 'v');
      const std::string first = name + ": \t" + value + " \r\n";
      const std::string text = first + "b:\r\n" + std::string(length, 'x');
      std::array<http::Field, 3> found;

      std::size_t count = 0;
      const char* const begin = text.data();
      const char* const stop = scanner.field_lines(begin, begin + text.size(), found, &count);
      ASSERT_EQ(count, 2U) << scanner.name << length;
      EXPECT_EQ(stop, begin + first.size() + 4);
      EXPECT_EQ(found[0], (http::Field{name, value}));
      EXPECT_EQ(found[1], (http::Field{"b", ""}));
      for (std::size_t cut = 0; cut < first.size(); ++cut) {
        count = 0;
        EXPECT_EQ(scanner.field_lines(begin, begin + cut, found, &count), begin) << cut;
        EXPECT_EQ(count, 0U) << cut;
      }
    }
  }
}

TEST(Scanner, StopsWhereTheStorageIsFull) {
  const std::string text = "a: 1\r\nb: 2\r\nc: 3\r\n";
  for (const Scanner& scanner : Scanner::all()) {
    std::array<http::Field, 3> found;
    std::size_t count = 1;  // One is taken.
    const char* const stop = scanner.field_lines(text.data(), text.data() + text.size(),
                                                 std::span(found).first(2), &count);

    EXPECT_EQ(count, 2U);
    EXPECT_EQ(found[1], (http::Field{"a", "1"}));
    EXPECT_EQ(stop, text.data() + 6);
  }
}

}  // namespace
}  // namespace pear::http1

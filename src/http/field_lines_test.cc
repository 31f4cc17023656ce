#include "http/field_lines.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pear::http {
namespace {

// By buffers of so many bytes.
std::string written(FieldCoding coding, const std::vector<Field>& fields,
                    std::size_t buffer_bytes) {
  std::string all;
  FieldCursor at;
  while (!at.done) {
    std::string buffer(buffer_bytes, '\0');
    all.append(buffer, 0, write_field_lines(coding, FieldPlace::Head, fields, at, buffer));
  }
  return all;
}

TEST(FieldLines, AreLiteralsAsHpackHasThem) {
  // RFC 7541, appendix C.2.2 and the like: 0x00, a length, a name, a length, a value.
  EXPECT_EQ(written(FieldCoding::Hpack, {{"custom-key", "custom-value"}}, 64),
            std::string("\x00\x0a", 2) + "custom-key\x0c" + "custom-value");
}

TEST(FieldLines, AreLiteralsAsQpackHasThem) {
  // RFC 9204, section 4.5.6: 001, N, H and a length of three bits; a name; a length; a value.
  EXPECT_EQ(written(FieldCoding::Qpack, {{"abc", "d"}, {"abcdefgh", ""}}, 64),
            "\x23"
            "abc\x01"
            "d\x27\x01"
            "abcdefgh" +
                std::string(1, '\0'));
}

TEST(FieldLines, HaveLengthsOfAnySize) {
  // RFC 7541, appendix C.1.2: 1337 behind a prefix of 7 bits is 127, 1337 - 127 = 1210: 0xba 0x09.
  const std::string value(1337, 'v');
  EXPECT_EQ(written(FieldCoding::Hpack, {{"n", value}}, 64),
            std::string("\x00\x01n\x7f\xba\x09", 6) + value);
}

TEST(FieldLines, AreTheSameHoweverTheyAreCut) {
  const std::string value(300, 'v');
  const std::vector<Field> fields = {
      {"a", ""}, {"connection", "close"}, {"set-cookie", value}, {"long-name-of-a-field", "x"}};
  for (const auto coding : {FieldCoding::Hpack, FieldCoding::Qpack}) {
    const std::string whole = written(coding, fields, 4096);
    EXPECT_EQ(field_lines_size(coding, FieldPlace::Head, fields), whole.size());
    for (std::size_t bytes = 1; bytes < 20; ++bytes) {
      EXPECT_EQ(written(coding, fields, bytes), whole) << bytes;
    }
  }
}

TEST(FieldLines, LeaveOutWhatIsAboutAConnection) {
  EXPECT_EQ(written(FieldCoding::Hpack, {{"connection", "close"}, {"keep-alive", "1"}}, 64), "");
  EXPECT_EQ(
      field_lines_size(FieldCoding::Hpack, FieldPlace::Head, std::vector<Field>{{"upgrade", "x"}}),
      0U);
}

TEST(FieldLines, OfASectionCountAsSettingsCountThem) {
  EXPECT_EQ(field_section_size(std::vector<Field>{{"a", "bc"}, {"d", ""}}), 35U + 33U);
  EXPECT_EQ(field_section_size({}), 0U);
}

}  // namespace
}  // namespace pear::http

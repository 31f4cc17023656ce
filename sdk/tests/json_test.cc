#include "pear/json.h"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace pear {
namespace {

TEST(JsonWriter, PutsCommasBetweenValuesAndNowhereElse) {
  JsonWriter json;
  json.begin_object().key("a").number(1).key("b").begin_array();
  json.string("x").boolean(true).null().begin_object().end_object().begin_array().end_array();
  json.end_array().key("c").boolean(false).end_object();

  EXPECT_EQ(json.text(), R"({"a":1,"b":["x",true,null,{},[]],"c":false})");
}

TEST(JsonWriter, EscapesKeysAndStrings) {
  JsonWriter json;
  json.begin_object().key("a\"").string("<").end_object();

  EXPECT_EQ(json.text(), "{\"a\\\"\":\"\\u003c\"}");
}

TEST(JsonWriter, WritesTheWholeRangeOfIntegers) {
  JsonWriter json;
  json.begin_array();
  json.number(std::numeric_limits<std::int64_t>::min());
  json.number(std::numeric_limits<std::uint64_t>::max());
  json.end_array();

  EXPECT_EQ(json.text(), "[-9223372036854775808,18446744073709551615]");
}

TEST(JsonWriter, WritesNumbersWithAFractionAndNullForWhatIsNone) {
  JsonWriter json;
  json.begin_array().number(0.1).number(-2.5).number(std::numeric_limits<double>::infinity());
  json.number(std::numeric_limits<double>::quiet_NaN()).end_array();

  EXPECT_EQ(json.text(), "[0.1,-2.5,null,null]");
}

TEST(JsonWriter, TakesTextThatIsJsonAlready) {
  JsonWriter json;
  json.begin_array().raw("{\"a\":1}").raw("2").end_array();

  EXPECT_EQ(json.take(), "[{\"a\":1},2]");
}

}  // namespace
}  // namespace pear

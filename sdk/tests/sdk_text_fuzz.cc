// Fuzzes the text functions. Properties: what is percent-encoded is decoded to itself; a form that
// is built from decoded parameters is parsed to the same parameters; escaped text holds nothing
// that could end it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "pear/parameters.h"
#include "pear/text.h"

namespace {

void check_form(std::string_view text) {
  const auto first = pear::Parameters::from_form(text);
  std::string form;
  for (std::size_t i = 0; i < first.size(); ++i) {
    form += pear::percent_encoded(first.at(i).name);
    form += '=';
    form += pear::percent_encoded(first.at(i).value);
    form += '&';
  }
  const auto second = pear::Parameters::from_form(form);
  PEAR_ASSERT(first.size() == second.size(), "a parameter was lost or invented");
  for (std::size_t i = 0; i < first.size(); ++i) {
    PEAR_ASSERT(first.at(i).name == second.at(i).name, "a name has changed");
    PEAR_ASSERT(first.at(i).value == second.at(i).value, "a value has changed");
  }
}

void check_escapes(std::string_view text) {
  const std::string html = pear::html_escaped(text);
  PEAR_ASSERT(html.find_first_of("<>\"'") == html.npos, "the text ends early");

  std::string json;
  pear::append_json_string(json, text);
  PEAR_ASSERT(json.size() >= 2 && json.front() == '"' && json.back() == '"', "no string");
  const std::string_view inside = std::string_view(json).substr(1, json.size() - 2);
  PEAR_ASSERT(inside.find_first_of("<>&") == inside.npos, "the script element ends early");
  for (std::size_t i = 0; i < inside.size();) {
    const std::size_t length = pear::utf8_length(inside.substr(i));
    PEAR_ASSERT(length > 0, "not UTF-8");
    PEAR_ASSERT(static_cast<unsigned char>(inside[i]) >= 0x20, "a bare control character");
    PEAR_ASSERT(inside[i] != '"', "the string ends early");
    const bool escape = inside[i] == '\\';
    PEAR_ASSERT(!escape || i + 1 < inside.size(), "half an escape");
    i += escape ? 2 : length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const auto plus : {pear::Plus::IsSpace, pear::Plus::IsItself}) {
    PEAR_ASSERT(pear::percent_decoded(pear::percent_encoded(text), plus) == text,
                "encoding is not undone");
  }
  check_form(text);
  check_escapes(text);
  const auto cookies = pear::Parameters::from_cookies(text);
  for (std::size_t i = 0; i < cookies.size(); ++i) {
    PEAR_ASSERT(!cookies.at(i).name.empty(), "a cookie without a name");
    PEAR_ASSERT(cookies.get(cookies.at(i).name).has_value(), "a cookie that is not found");
  }
  return 0;
}

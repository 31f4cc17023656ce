// Property: the scanners for all instruction sets find the same ends, at every start and length,
// and none reads outside of its range (the input is copied to the end of an allocation that the
// address sanitizer guards).
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/assert.h"
#include "http/character.h"
#include "http/field_rules.h"
#include "http/http1/scan.h"

namespace {

using pear::http::CharacterClass;
using pear::http::Field;
using pear::http::is_in;
using pear::http1::Scanner;

const char* end_by_hand(const char* at, const char* end, CharacterClass allowed) {
  while (at != end && (is_in(*at, allowed) || (allowed == CharacterClass::Target && *at == '#'))) {
    ++at;
  }
  return at;
}

// What field_lines has to find, step by step.
void check_lines(const Scanner& scanner, const char* at, const char* end) {
  std::array<Field, 4> found;
  std::size_t count = 0;
  const char* const stop = scanner.field_lines(at, end, found, &count);
  for (std::size_t i = 0; i <= found.size(); ++i) {
    const char* const name_end = end_by_hand(at, end, CharacterClass::Token);
    const char* value = name_end;
    if (value != end) ++value;
    while (value != end && pear::http::is_blank(*value)) ++value;
    const char* const value_end = end_by_hand(value, end, CharacterClass::FieldValue);
    const std::string_view rest(value_end, static_cast<std::size_t>(end - value_end));
    const bool whole = name_end != at && name_end != end && *name_end == ':' &&
                       rest.starts_with("\r\n") && i < found.size();
    PEAR_ASSERT((i < count) == whole, scanner.name);
    if (!whole) break;
    const std::string_view text(value, static_cast<std::size_t>(value_end - value));
    PEAR_ASSERT(found[i].name.data() == at && found[i].name.end() == name_end, scanner.name);
    PEAR_ASSERT(found[i].value.data() == value, scanner.name);
    PEAR_ASSERT(found[i].value == pear::http::trim_blanks(text), scanner.name);
    at = value_end + 2;
  }
  PEAR_ASSERT(stop == at, scanner.name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto copy = std::make_unique<char[]>(size);
  for (std::size_t i = 0; i < size; ++i) copy[i] = static_cast<char>(data[i]);
  const char* const end = copy.get() + size;
  for (std::size_t start = 0; start <= size && start < 64; ++start) {
    const char* const at = copy.get() + start;
    const char* const token = end_by_hand(at, end, CharacterClass::Token);
    const char* const value = end_by_hand(at, end, CharacterClass::FieldValue);
    const char* const path = end_by_hand(at, end, CharacterClass::PathPlain);
    const char* const target = end_by_hand(at, end, CharacterClass::Target);
    for (const Scanner& scanner : Scanner::all()) {
      PEAR_ASSERT(scanner.token_end(at, end) == token, scanner.name);
      PEAR_ASSERT(scanner.value_end(at, end) == value, scanner.name);
      PEAR_ASSERT(scanner.target_end(at, end) == target, scanner.name);
      PEAR_ASSERT(scanner.path_end(at, end) == path, scanner.name);
      check_lines(scanner, at, end);
    }
  }
  return 0;
}

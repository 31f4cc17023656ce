// Property: the scanners for all instruction sets find the same ends, at every start and length,
// and none reads outside of its range (the input is copied to the end of an allocation that the
// address sanitizer guards).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/assert.h"
#include "http/character.h"
#include "http/http1/scan.h"

namespace {

using pear::http::CharacterClass;
using pear::http::is_in;
using pear::http1::Scanner;

const char* end_by_hand(const char* at, const char* end, CharacterClass allowed) {
  while (at != end && (is_in(*at, allowed) || (allowed == CharacterClass::Target && *at == '#'))) {
    ++at;
  }
  return at;
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
    const char* const target = end_by_hand(at, end, CharacterClass::Target);
    for (const Scanner& scanner : Scanner::all()) {
      PEAR_ASSERT(scanner.token_end(at, end) == token, scanner.name);
      PEAR_ASSERT(scanner.value_end(at, end) == value, scanner.name);
      PEAR_ASSERT(scanner.target_end(at, end) == target, scanner.name);
    }
  }
  return 0;
}

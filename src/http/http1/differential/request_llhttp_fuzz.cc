// Property: a request that both Pear and llhttp accept is the same request to both, to the last
// byte of its body. What one of them refuses can not be smuggled past it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "http/http1/differential/both_parsers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  PEAR_ASSERT(!pear::http1::parsers_disagree(input), "Pear and llhttp read two requests");
  return 0;
}

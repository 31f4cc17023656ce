// Property: whatever the text, loading ends with settings or with problems, never with both;
// settings that load print as a text that loads to the same settings.
//
// The first byte chooses how the text is read: as a pear.toml, a spin.toml, or as one override.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "config/load.h"

namespace {

using pear::config::load_text;
using pear::config::LoadResult;
using pear::config::Overrides;

LoadResult read(std::uint8_t how, std::string text) {
  if (how % 4 == 0) return load_text({.file = "/pear/spin.toml", .text = std::move(text)}, {});
  if (how % 4 != 1) return load_text({.file = "/pear/pear.toml", .text = std::move(text)}, {});
  Overrides overrides;
  if (how >= 128) {
    overrides.environment.push_back(std::move(text));
  } else {
    overrides.set.push_back(std::move(text));
  }
  return load_text(
      {.file = "/pear/pear.toml",
       .text = "pear_version = 1\n[site.a]\nsource = \"a.wasm\"\npermissions.files = []\n"},
      overrides);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);

  const LoadResult result = read(data[0], text);
  PEAR_ASSERT((result.settings == nullptr) == !result.problems.empty(), "both, or neither");
  for (const auto& problem : result.problems) {
    PEAR_ASSERT(to_text(problem).find('\n') == std::string::npos, "a problem is one line");
  }
  if (result.settings == nullptr) return 0;

  const std::string printed = effective_toml(*result.settings, result.origins);
  const LoadResult again = load_text({.file = "/pear/pear.toml", .text = printed}, {});
  PEAR_ASSERT(again.settings != nullptr, "what is in force does not load");
  PEAR_ASSERT(again.settings->server == result.settings->server, "the server differs");
  PEAR_ASSERT(again.settings->sites == result.settings->sites, "the sites differ");
  return 0;
}

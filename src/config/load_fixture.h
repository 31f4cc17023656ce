// What the tests of loading share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.h"

namespace pear::config {

inline LoadResult load_pear(std::string_view text, const Overrides& overrides = {}) {
  return load_text({.file = "/tmp/pear.toml", .text = std::string(text)}, overrides);
}

// One line each, so that a failure shows them.
inline std::string lines(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) out += to_text(problem) + "\n";
  return out;
}

inline const SiteSettings& only_site(const LoadResult& result) {
  EXPECT_TRUE(result.settings) << lines(result.problems);
  return result.settings->sites.at(0);
}

}  // namespace pear::config

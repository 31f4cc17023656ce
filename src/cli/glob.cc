#include "cli/glob.h"

#include <cstddef>
#include <vector>

namespace pear::cli {

namespace {

// A wildcard does not take the dot at the start of a component.
bool is_hidden_start(std::string_view path, std::size_t at) {
  return path[at] == '.' && (at == 0 || path[at - 1] == '/');
}

// For one place of the pattern: which places of the path can be reached with what stands before it.
using Reached = std::vector<bool>;

// After "*" or "**": from each reached place on, over as many characters as the wildcard takes.
void spread(Reached& reached, std::string_view path, bool over_slashes) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!reached[i] || is_hidden_start(path, i)) continue;
    if (over_slashes || path[i] != '/') reached[i + 1] = true;
  }
}

// After one character of the pattern.
Reached step(const Reached& reached, std::string_view path, char wanted) {
  Reached out(path.size() + 1);
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!reached[i]) continue;
    const bool fits =
        wanted == '?' ? path[i] != '/' && !is_hidden_start(path, i) : path[i] == wanted;
    if (fits) out[i + 1] = true;
  }
  return out;
}

// "**/" may be nothing: what was reached before it stays reached behind its slash.
void skip_folders(Reached& after, const Reached& before, std::string_view path) {
  for (std::size_t i = 0; i <= path.size(); ++i) {
    if (before[i] && (i == 0 || path[i - 1] == '/')) after[i] = true;
  }
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view path) {
  Reached reached(path.size() + 1);
  reached[0] = true;
  for (std::size_t p = 0; p < pattern.size(); ++p) {
    if (pattern.substr(p).starts_with("**/")) {
      const Reached before = reached;
      spread(reached, path, true);
      reached = step(reached, path, '/');
      skip_folders(reached, before, path);
      p += 2;
    } else if (pattern[p] == '*') {
      const bool twice = pattern.substr(p).starts_with("**");
      spread(reached, path, twice);
      if (twice) ++p;
    } else {
      reached = step(reached, path, pattern[p]);
    }
  }
  return reached[path.size()];
}

}  // namespace pear::cli

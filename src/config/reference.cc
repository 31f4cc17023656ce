// The reference for operators, from the schema.
#include <fmt/format.h>

#include "config/load.h"
#include "config/schema.h"

namespace pear::config {
std::string reference_markdown() {
  return {};
}
}  // namespace pear::config

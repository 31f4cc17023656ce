// Field: one header or trailer field, as views.
//
// Source: RFC 9110, section 5.
// Thread: a value.
// Memory: borrows the bytes, as a rule from the buffer that the message was received in.
#pragma once

#include <string_view>

namespace pear::http {

struct Field {
  // Where a parser made it: a token in lower case.
  std::string_view name;
  // Without the white space around it.
  std::string_view value;

  bool operator==(const Field&) const = default;
};

}  // namespace pear::http

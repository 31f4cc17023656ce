#include "http/http3/offence.h"

#include "base/assert.h"

namespace pear::http3 {

std::string_view to_text(Offence offence) {
  switch (offence) {
    case Offence::Resets:
      return "resets";
    case Offence::Priorities:
      return "priorities";
    case Offence::LargeHeads:
      return "large_heads";
    case Offence::MalformedRequest:
      return "malformed_request";
    case Offence::ProtocolError:
      return "protocol_error";
  }
  PEAR_UNREACHABLE("an offence without a name");
}

}  // namespace pear::http3

// The SHA-256 of answers' bodies for `pear bench`, by the library that also digests components.
//
// Not in builds without guests: those have no such library.
#pragma once

#include <memory>

#include "load/digest.h"

namespace pear::cli {

// A load::MakeDigest.
[[nodiscard]] std::unique_ptr<load::BodyDigest> make_body_digest();

}  // namespace pear::cli

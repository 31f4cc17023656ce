// Banner: what `pear up` says once it serves: where, what, and what to try next.
//
// Thread: any (pure).
#pragma once

#include <string>

#include "cli/terminal.h"
#include "config/settings.h"

namespace pear::cli {

// An address that a person on this machine can open: "http://127.0.0.1:3000/" for 0.0.0.0:3000.
[[nodiscard]] std::string url_of(const config::ListenAddress& address);

// `settings.server.listen` says what is really listened on.
[[nodiscard]] std::string banner_text(const config::Settings& settings, const Terminal& terminal);

}  // namespace pear::cli

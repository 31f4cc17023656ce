// ReadyWord: what the server says to who started it once its start is over: that it serves, and
// what it does not (keeper/inheritance.h).
//
// Thread: any (pure).
#pragma once

#include <span>
#include <string>

#include "base/log/logger.h"
#include "base/vital_signs.h"
#include "config/settings.h"
#include "control/admin/site_standing.h"

namespace pear::server {

// Once the start is over: that it serves, and what it does not (keeper/inheritance.h). At most
// keeper::kReadyBytesMax; sites that find no room are left out.
[[nodiscard]] std::string ready_word(std::span<const admin::SiteStanding> sites);

// By name: the keeper knows sites by their keys alone. None: nothing is said.
void say_what_was_blamed(log::Logger& logger, const config::Settings& settings, base::SiteKey site);

}  // namespace pear::server

// How the settings shape the engine. The same for the server and for a command that compiles ahead
// of it: an image fits the engine that it was compiled for.
//
// Thread: any (immutable).
#pragma once

#include "config/settings.h"
#include "engine/engine.h"

namespace pear::server {

[[nodiscard]] engine::EngineOptions engine_options(const config::Settings& settings);

}  // namespace pear::server

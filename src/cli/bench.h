// `pear bench`: makes load on a server and says how it took it; replays a log and checks the
// answers.
#pragma once

#include "cli/command.h"
#include "load/digest.h"

namespace pear::cli {

// `make_digest` makes the SHA-256 of bodies (cli/body_digest.h); null in builds without it, where
// --expect-sha256 and sha256= in a replay are refused.
void add_bench_command(Program& program, load::MakeDigest make_digest);

}  // namespace pear::cli

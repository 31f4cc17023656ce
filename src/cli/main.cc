// The program `pear`.
#include <string>
#include <vector>

#include "cli/bench.h"
#include "cli/body_digest.h"
#include "cli/build.h"
#include "cli/componentize.h"
#include "cli/new.h"
#include "cli/program.h"
#include "cli/real_engines.h"
#include "cli/status.h"
#include "cli/trust.h"
#include "cli/up.h"
#include "cli/validate.h"
#include "cli/watch.h"

int main(int argc, char** argv) {
  using namespace pear::cli;  // NOLINT(google-build-using-namespace): everything here is of it.

  // First of all: it changes the environment, which nothing may read at the same time.
  const pear::keeper::Inheritance inherited = pear::keeper::take_inheritance();
  ignore_user_signals();
  const Engines engines = real_engines();
  const Surroundings surroundings{.engines = engines, .inherited = inherited};
  Terminal terminal = Terminal::standard();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return run_program(
      arguments, terminal, version_text(),
      {add_new_command, [&](Program& program) { add_build_command(program, engines); },
       [&](Program& program) { add_up_command(program, surroundings); },
       [&](Program& program) { add_watch_command(program, surroundings); }, add_trust_command,
       add_validate_command, add_status_command, add_restart_command,
       [](Program& program) { add_bench_command(program, make_body_digest); },
       [&](Program& program) { add_serve_command(program, surroundings); },
       [&](Program& program) { add_componentize_command(program, engines); }});
}

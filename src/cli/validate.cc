#include "cli/validate.h"

#include <fmt/format.h>

#include "cli/site_options.h"
#include "control/certificate_files.h"
#include "io/clock.h"

namespace pear::cli {

namespace {

struct ValidateOptions {
  SiteOptions site;
  bool quiet = false;
};

int refuse(std::size_t problems, const Terminal& terminal) {
  terminal.note(fmt::format("{} problem{}", problems, problems == 1 ? "" : "s"));
  return to_int(ExitCode::Usage);
}

int run(const ValidateOptions& options, Terminal& terminal) {
  const config::LoadResult loaded = load_and_show(options.site, terminal);
  if (loaded.settings == nullptr) {
    return refuse(loaded.problems.size(), terminal);
  }
  const auto certificates =
      control::check_certificates(*loaded.settings, loaded.origins, io::wall_time());
  show_findings(certificates, terminal);
  if (!certificates.problems.empty()) return refuse(certificates.problems.size(), terminal);
  // A component that is not built yet is no mistake in the configuration.
  for (const config::Problem& missing :
       config::problems_in_sources(*loaded.settings, loaded.origins)) {
    terminal.warning(printable(config::to_text(missing)));
  }
  if (!options.quiet) terminal.print(config::effective_toml(*loaded.settings, loaded.origins));
  return to_int(ExitCode::Ok);
}

}  // namespace

void add_validate_command(Program& program) {
  auto [app, options] = add_command<ValidateOptions>(
      program,
      {.name = "validate",
       .summary = "Check a configuration, and show every setting in force",
       .description = "All problems are listed at once, each with its file and line; certificates "
                      "and keys are read\n"
                      "too. What is printed is itself a pear.toml; a comment behind a value says "
                      "where it came from.",
       .examples = "  pear validate\n"
                   "  pear validate shop/ --preset prod\n"
                   "  pear validate --quiet && systemctl reload pear\n"},
      run);
  add_serving_options(app, options.site);
  app.add_flag("--quiet,-q", options.quiet, "Say nothing when all is well");
}

}  // namespace pear::cli

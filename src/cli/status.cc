#include "cli/status.h"

#include <poll.h>

#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/status_report.h"
#include "config/schema.h"

namespace pear::cli {

namespace {

struct StatusOptions {
  std::string admin{kAdminAddress};
  bool json = false;
};

struct RestartOptions {
  std::string admin{kAdminAddress};
  std::string site;
};

Told<std::string> fetch_status(const std::string& admin) {
  auto answer = ask_admin(admin, {.path = "/status"});
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) {
    return std::unexpected(fmt::format("{} answers {}: {}", admin, answer->status,
                                       printable(answer->body.substr(0, 200))));
  }
  return std::move(answer->body);
}

int fail_with(const std::string& problem, const Terminal& terminal) {
  terminal.error(problem);
  return to_int(ExitCode::Failure);
}

int run_status(const StatusOptions& options, Terminal& terminal) {
  const auto first = fetch_status(options.admin);
  if (!first) return fail_with(first.error(), terminal);
  const auto before = parse_status(*first);
  if (!before) return fail_with(before.error(), terminal);
  if (options.json) {
    terminal.print(*first);
    return to_int(ExitCode::Ok);
  }
  // Long enough for a rate, short enough not to be noticed. The server's own clock measures it.
  constexpr int kSampleMs = 250;
  ::poll(nullptr, 0, kSampleMs);
  const auto second = fetch_status(options.admin);
  if (!second) return fail_with(second.error(), terminal);
  const auto now = parse_status(*second);
  if (!now) return fail_with(now.error(), terminal);
  terminal.print(status_text(*before, *now, terminal));
  return to_int(ExitCode::Ok);
}

int run_restart(const RestartOptions& options, Terminal& terminal) {
  if (!config::is_site_name(options.site)) {
    terminal.error(fmt::format("\"{}\" cannot be the name of a site", printable(options.site)));
    terminal.hint("pear status lists them");
    return to_int(ExitCode::Usage);
  }
  const std::string path = fmt::format("/sites/{}/restart", options.site);
  const auto answer = ask_admin(options.admin, {.method = "POST", .path = path});
  if (!answer) return fail_with(answer.error(), terminal);
  if (answer->status == 404) {
    terminal.error(fmt::format("there is no site {} on {}", options.site, options.admin));
    terminal.hint("pear status lists them");
    return to_int(ExitCode::Failure);
  }
  if (answer->status < 200 || answer->status > 299) {
    return fail_with(fmt::format("{} answers {}: {}", options.admin, answer->status,
                                 printable(answer->body.substr(0, 200))),
                     terminal);
  }
  terminal.done(fmt::format("{}: its cages are being replaced, one after the other", options.site));
  terminal.hint("pear status         shows them");
  return to_int(ExitCode::Ok);
}

void add_admin_option(CLI::App& app, std::string& admin) {
  app.add_option("--admin", admin, fmt::format("The admin listener; default: {}", kAdminAddress))
      ->type_name("ADDR:PORT")
      ->check(CLI::Validator(problem_of_admin_address, ""));
}

}  // namespace

void add_status_command(Program& program) {
  auto [app, options] = add_command<StatusOptions>(
      program,
      {.name = "status",
       .summary = "Show the sites of a running Pear and how they are",
       .description =
           "LAST HEAL is the time from the last fault of a cage until its successor ran.",
       .examples = "  pear status\n"
                   "  pear status --json | jq '.sites[] | {name, state}'\n"
                   "  pear status --admin 127.0.0.1:4001\n"},
      run_status);
  app.add_flag("--json", options.json, "Everything that the server says, as JSON");
  add_admin_option(app, options.admin);
}

void add_restart_command(Program& program) {
  auto [app, options] = add_command<RestartOptions>(
      program,
      {.name = "restart",
       .summary = "Replace the cages of a site with new ones",
       .description =
           "Running requests finish in the old ones. Also gives a site that was given up\n"
           "another chance.",
       .examples = "  pear restart shop\n"},
      run_restart);
  app.add_option("SITE", options.site, "The name of the site")->required();
  add_admin_option(app, options.admin);
}

}  // namespace pear::cli

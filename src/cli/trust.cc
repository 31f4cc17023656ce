#include "cli/trust.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "cli/child.h"
#include "cli/local_tls.h"

namespace pear::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemFile = "/usr/local/share/ca-certificates/pear-local-authority.crt";
constexpr const char* kNickname = "Pear local authority";

struct TrustOptions {
  bool print = false;
  bool remove = false;
};

// Whether the program ran and said that all is well.
bool ran_well(std::vector<std::string> arguments) {
  const auto output =
      output_of({.arguments = std::move(arguments), .folder = {}, .environment = {}});
  return output.has_value() && output->cause == keeper::ExitCause{};
}

// What programs that ask the system believe: curl, git, Python … Debian's way.
bool change_system_store(const fs::path& authority, bool remove) {
  std::error_code error;
  if (remove) {
    fs::remove(kSystemFile, error);
  } else {
    fs::copy_file(authority, kSystemFile, fs::copy_options::overwrite_existing, error);
    if (!error) fs::permissions(kSystemFile, fs::perms(0644), error);
  }
  return !error && ran_well({"update-ca-certificates"});
}

// What Chrome and Chromium believe. Firefox asks the system where it is told to
// (security.enterprise_roots.enabled).
bool change_browser_store(const fs::path& authority, bool remove) {
  const char* const home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  if (home == nullptr) return false;
  const fs::path folder = fs::path(home) / ".pki" / "nssdb";
  const std::string store = "sql:" + folder.native();
  std::error_code error;
  if (remove) return ran_well({"certutil", "-d", store, "-D", "-n", kNickname});
  if (!fs::exists(folder / "cert9.db", error)) {
    fs::create_directories(folder, error);
    if (!ran_well({"certutil", "-d", store, "-N", "--empty-password"})) return false;
  }
  return ran_well(
      {"certutil", "-d", store, "-A", "-t", "C,,", "-n", kNickname, "-i", authority.native()});
}

int run(const TrustOptions& options, Terminal& terminal) {
  const io::tls::LocalAuthority::Ready ready =
      prepare_local_authority(local_authority_folder(), {});
  for (const std::string& problem : ready.problems) terminal.error(problem);
  if (!ready.problems.empty()) return to_int(ExitCode::Failure);
  const std::string file = ready.authority.native();
  if (options.print) {
    terminal.print(file + "\n");
    return to_int(ExitCode::Ok);
  }
  const bool system = change_system_store(ready.authority, options.remove);
  const bool browsers = change_browser_store(ready.authority, options.remove);
  const std::string_view done = options.remove ? "no longer trusts" : "trusts";
  if (system) terminal.note(fmt::format("this machine {} {}", done, file));
  if (browsers) terminal.note(fmt::format("Chrome and Chromium {} it too", done));
  if (!system) {
    terminal.warning("the system's store belongs to root; to change it:");
    if (options.remove) {
      terminal.hint(fmt::format("sudo rm {} && sudo update-ca-certificates", kSystemFile));
    } else {
      terminal.hint(fmt::format("sudo install -m 644 {} {} && sudo update-ca-certificates", file,
                                kSystemFile));
    }
  }
  if (!browsers) {
    terminal.warning("Chrome's store was not changed: it needs certutil");
    terminal.hint("sudo apt-get install libnss3-tools");
  }
  return to_int(system || browsers ? ExitCode::Ok : ExitCode::Failure);
}

}  // namespace

void add_trust_command(Program& program) {
  auto [app, options] = add_command<TrustOptions>(
      program,
      {.name = "trust",
       .summary = "Make this machine believe https://localhost",
       .description =
           "pear up serves projects in development by TLS too, with a certificate from an "
           "authority that it\n"
           "made for this machine and you. It can speak for localhost only. This puts it "
           "into the stores of\n"
           "the system and of Chrome.",
       .examples = "  pear trust\n"
                   "  curl --cacert \"$(pear trust --print)\" https://localhost:3443/\n"
                   "  pear trust --remove\n"},
      run);
  app.add_flag("--print", options.print, "Print the authority's file, and change nothing");
  app.add_flag("--remove", options.remove, "Take it out of the stores again");
}

}  // namespace pear::cli

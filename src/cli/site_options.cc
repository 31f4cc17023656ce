#include "cli/site_options.h"

#include <fmt/format.h>

#include "cli/checks.h"
#include "config/problem.h"

namespace pear::cli {

void add_project_options(CLI::App& app, SiteOptions& options) {
  app.add_option("PATH", options.path,
                 "A folder with a pear.toml or spin.toml, such a file,\nor a component (.wasm). "
                 "Default: the current folder");
  app.add_option("--set", options.set,
                 "Change a setting: --set site.shop.limits.memory=256MiB.\nMay be given again")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
}

void add_serving_options(CLI::App& app, SiteOptions& options) {
  add_project_options(app, options);
  app.add_option(
         "--listen", options.listen,
         "Address to serve on, 127.0.0.1:3000 unless the file\nsays another; port 0 takes a "
         "free one. May be given again")
      ->type_name("ADDR:PORT")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--https", options.https,
                 "Address to serve on by TLS, or off; 443 above the first\n--listen in a project "
                 "with the dev preset. May be given again")
      ->type_name("ADDR:PORT|off")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--cores", options.cores, "Threads that serve; default: one for each CPU")
      ->type_name("N");
  app.add_option(
         "--preset", options.preset,
         "Limits to start from: dev (generous, the default in a\nproject folder), default, or "
         "prod (tight)")
      ->type_name("dev|default|prod")
      ->check(quiet(CLI::IsMember({"default", "dev", "prod"})));
  app.add_option("--isolation", options.isolation,
                 "A fresh instance for each request, or one that lives on\nin its cage")
      ->type_name("request|cage")
      ->check(quiet(CLI::IsMember({"request", "cage"})));
}

std::vector<std::string> to_arguments(const SiteOptions& options) {
  std::vector<std::string> out;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out.push_back(fmt::format("{}={}", name, value));
  };
  for (const std::string& address : options.listen) add("--listen", address);
  for (const std::string& address : options.https) add("--https", address);
  add("--cores", options.cores);
  add("--preset", options.preset);
  add("--isolation", options.isolation);
  for (const std::string& setting : options.set) add("--set", setting);
  // After "--" a path that starts with a dash is a path.
  out.emplace_back("--");
  out.push_back(options.path);
  return out;
}

config::Overrides to_overrides(const SiteOptions& options) {
  config::Overrides out;
  out.environment = config::environment_of_process();
  out.set = options.set;
  if (!options.listen.empty()) {
    out.flags.push_back({.flag = "--listen",
                         .key = "server.listen",
                         .value = fmt::format("{}", fmt::join(options.listen, ","))});
  }
  if (!options.https.empty()) {
    out.flags.push_back({.flag = "--https",
                         .key = "server.https",
                         .value = fmt::format("{}", fmt::join(options.https, ","))});
  }
  if (!options.cores.empty()) {
    out.flags.push_back({.flag = "--cores", .key = "server.cores", .value = options.cores});
  }
  if (!options.isolation.empty()) {
    out.flags.push_back(
        {.flag = "--isolation", .key = "site.*.run.isolation", .value = options.isolation});
  }
  if (!options.preset.empty()) {
    out.preset = options.preset == "dev"    ? config::Preset::Dev
                 : options.preset == "prod" ? config::Preset::Prod
                                            : config::Preset::Default;
  }
  return out;
}

void show_problems(const std::vector<config::Problem>& problems, const Terminal& terminal) {
  for (const config::Problem& problem : problems) terminal.error(printable(to_text(problem)));
}

void show_findings(const control::CertificateCheck& check, const Terminal& terminal) {
  for (const config::Problem& warning : check.warnings) {
    terminal.warning(printable(to_text(warning)));
  }
  show_problems(check.problems, terminal);
}

config::LoadResult load_and_show(const SiteOptions& options, const Terminal& terminal) {
  config::LoadResult loaded = config::load(options.path, to_overrides(options));
  for (const config::Problem& warning : loaded.warnings) {
    terminal.warning(printable(to_text(warning)));
  }
  show_problems(loaded.problems, terminal);
  return loaded;
}

}  // namespace pear::cli

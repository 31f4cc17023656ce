#include "cli/build.h"

#include <chrono>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "cli/checks.h"
#include "cli/child.h"
#include "cli/cpp_recipe.h"
#include "cli/progress.h"
#include "cli/site_options.h"

namespace pear::cli {

namespace {

namespace fs = std::filesystem;

struct BuildOptions {
  SiteOptions site;
  std::vector<std::string> paths;
  std::string language;
  std::string out;
  bool missing = false;
  const Engines* engines = nullptr;
};

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

// The command of a project finds this very program in $PEAR.
std::string own_program() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? "pear" : self.native();
}

fs::path folder_of(const config::SiteSettings& site, const config::Settings& settings) {
  return site.build.workdir.empty() ? settings.file.parent_path() : site.build.workdir;
}

Told<void> run_build_command(const config::SiteSettings& site, const fs::path& folder,
                             const Terminal& terminal) {
  terminal.note(terminal.err(Colour::Dim, fmt::format("$ {}", printable(site.build.command))));
  const auto cause = run_child({.arguments = {"sh", "-c", site.build.command},
                                .folder = folder,
                                .environment = {"PEAR=" + own_program()}});
  if (!cause) return std::unexpected(cause.error());
  if (keeper::exit_code_of(*cause) != 0) {
    return std::unexpected(
        fmt::format("the build command of {} ended with {}", site.name, keeper::to_text(*cause)));
  }
  return {};
}

// Makes the component by the project's command, or by the recipe where there are C++ sources.
Told<void> make_component(const config::SiteSettings& site, const config::Settings& settings,
                          const Engines& engines, const Terminal& terminal) {
  const fs::path folder = folder_of(site, settings);
  if (!site.build.command.empty()) {
    if (auto made = run_build_command(site, folder, terminal); !made) return made;
  } else if (!settings.file.empty()) {
    if (auto sources = cpp_sources_in(folder); !sources.empty()) {
      auto made = build_cpp({.sources = std::move(sources),
                             .out = site.source,
                             .cache = cache_folder(settings.server.cache)},
                            engines, terminal);
      if (!made) return made;
    }
  }
  if (is_there(site.source)) return {};
  return std::unexpected(
      site.build.command.empty()
          ? fmt::format(
                "{} is not there, and {} has no build command and no C++ sources in {}: set "
                "site.{}.build.command",
                printable(site.source.native()), site.name, printable(folder.native()), site.name)
          : fmt::format("the build command of {} ended well, but made no {}: see site.{}.source",
                        site.name, printable(site.source.native()), site.name));
}

// Shows sizes and times; the compilation is what makes the next start instant.
ExitCode cache_and_show(const config::SiteSettings& site, const config::Settings& settings,
                        std::chrono::nanoseconds made_in, const Engines& engines,
                        const Terminal& terminal) {
  Told<void> cached;
  const std::string name = printable(site.source.filename().native());
  const auto took = run_with_progress(fmt::format("compiling {} to machine code", name), terminal,
                                      [&] { cached = engines.cache_image(site.source, settings); });
  if (!cached) {
    terminal.error(
        fmt::format("{}: {}", printable(site.source.native()), printable(cached.error())));
    return ExitCode::BadImage;
  }
  std::error_code error;
  terminal.done(fmt::format("{}: {} ({}) built in {}, ready to run in {}", site.name, name,
                            bytes_text(fs::file_size(site.source, error)), duration_text(made_in),
                            duration_text(took)));
  return ExitCode::Ok;
}

int run_recipe(const BuildOptions& options, const Terminal& terminal) {
  if (options.paths.empty()) {
    terminal.error("--out needs the sources to compile");
    terminal.hint("pear build --lang cpp --out site.wasm site.cc");
    return to_int(ExitCode::Usage);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto made = build_cpp({.sources = {options.paths.begin(), options.paths.end()},
                               .out = options.out,
                               .cache = cache_folder({})},
                              *options.engines, terminal);
  if (!made) {
    terminal.error(made.error());
    return to_int(ExitCode::Failure);
  }
  std::error_code error;
  terminal.done(fmt::format("{} ({}) in {}", printable(options.out),
                            bytes_text(fs::file_size(options.out, error)),
                            duration_text(std::chrono::steady_clock::now() - start)));
  return to_int(ExitCode::Ok);
}

// The first site that fails ends it.
ExitCode build_sites(const BuildOptions& options, const config::Settings& settings,
                     const Terminal& terminal) {
  const Engines& engines = *options.engines;
  for (const config::SiteSettings& site : settings.sites) {
    if (options.missing && is_there(site.source)) continue;
    const auto start = std::chrono::steady_clock::now();
    if (const auto made = make_component(site, settings, engines, terminal); !made) {
      terminal.error(made.error());
      return ExitCode::Failure;
    }
    const auto made_in = std::chrono::steady_clock::now() - start;
    if (const ExitCode code = cache_and_show(site, settings, made_in, engines, terminal);
        code != ExitCode::Ok) {
      return code;
    }
  }
  return ExitCode::Ok;
}

int run(const BuildOptions& options, Terminal& terminal) {
  if (!options.out.empty()) return run_recipe(options, terminal);
  if (!options.language.empty() || options.paths.size() > 1) {
    terminal.error("sources are compiled with --out; without it, name one project");
    terminal.hint("pear build --lang cpp --out site.wasm site.cc");
    return to_int(ExitCode::Usage);
  }
  SiteOptions site = options.site;
  if (!options.paths.empty()) site.path = options.paths[0];
  const config::LoadResult loaded = load_and_show(site, terminal);
  if (loaded.settings == nullptr) return to_int(ExitCode::Usage);
  return to_int(build_sites(options, *loaded.settings, terminal));
}

}  // namespace

void add_build_command(Program& program, const Engines& engines) {
  auto [app, options] = add_command<BuildOptions>(
      program,
      {.name = "build",
       .summary = "Make the components of a project, ready to start at once",
       .description =
           "Runs [site.NAME.build] command. A C++ site without one is compiled with clang++ and "
           "the SDK\n"
           "that Pear carries ($PEAR_CXX names another compiler). The result is compiled to "
           "machine\n"
           "code, which `pear up` then only maps. A build command finds this program in $PEAR.",
       .examples = "  pear build\n"
                   "  pear build shop/\n"
                   "  pear build hello.wasm                                only to machine code\n"
                   "  pear build --lang cpp --out site.wasm site.cc        only the component\n"},
      run);
  options.engines = &engines;
  app.add_option("PATH", options.paths,
                 "A project folder, its pear.toml, or a component;\nwith --out, sources");
  app.add_option("--set", options.site.set, "Change a setting. May be given again")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("--missing", options.missing, "Only components that are not there");
  app.add_option("--lang", options.language, "The language of the sources")
      ->type_name("cpp")
      ->check(quiet(CLI::IsMember({"cpp"})));
  app.add_option("--out", options.out, "Compile sources to this component, and nothing else")
      ->type_name("FILE");
}

}  // namespace pear::cli

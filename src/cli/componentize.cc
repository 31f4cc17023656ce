#include "cli/componentize.h"

#include <fmt/format.h>

#include "cli/cpp_recipe.h"

namespace pear::cli {

namespace {

struct ComponentizeOptions {
  std::string core;
  std::string out;
  std::string wit;
  std::string world = "site";
  const Engines* engines = nullptr;
};

int run(const ComponentizeOptions& options, Terminal& terminal) {
  std::filesystem::path wit = options.wit;
  if (wit.empty()) {
    const auto sdk = unpack_sdk(cache_folder({}));
    if (!sdk) {
      terminal.error(sdk.error());
      return to_int(ExitCode::Failure);
    }
    wit = *sdk / "wit";
  }
  const auto core = read_file(options.core);
  if (!core) {
    terminal.error(core.error());
    return to_int(ExitCode::Failure);
  }
  const auto component = options.engines->componentize(*core, wit, options.world);
  if (!component) {
    terminal.error(fmt::format("{}: {}", printable(options.core), printable(component.error())));
    return to_int(ExitCode::BadImage);
  }
  if (const auto written = replace_file(options.out, *component); !written) {
    terminal.error(written.error());
    return to_int(ExitCode::Failure);
  }
  terminal.done(fmt::format("{} ({})", printable(options.out), bytes_text(component->size())));
  return to_int(ExitCode::Ok);
}

}  // namespace

void add_componentize_command(Program& program, const Engines& engines) {
  auto [app, options] = add_command<ComponentizeOptions>(
      program,
      {.name = "componentize",
       .summary = "Wrap a core module into a component",
       .description = "The module is a reactor: clang --target=wasm32-wasi -mexec-model=reactor.\n"
                      "Imports of WASI preview 1 are adapted.",
       .examples = "  pear componentize core.wasm --out site.wasm\n"
                   "  pear componentize core.wasm --out site.wasm --wit wit --world site\n",
       .audience = CommandText::Audience::Machine},
      run);
  options.engines = &engines;
  app.add_option("CORE", options.core, "The core module")->required();
  app.add_option("--out", options.out, "The component to write")->type_name("FILE")->required();
  app.add_option("--wit", options.wit, "A folder with a WIT package; default: that of the SDK")
      ->type_name("DIR");
  app.add_option("--world", options.world, "The world of the component; default: site")
      ->type_name("NAME");
}

}  // namespace pear::cli

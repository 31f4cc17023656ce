#include "cli/new.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "cli/checks.h"
#include "cli/embedded_files.h"
#include "cli/text_file.h"
#include "config/schema.h"

namespace pear::cli {

namespace {

namespace fs = std::filesystem;

struct NewOptions {
  std::string name;
  std::string language = "cpp";
  std::string folder;
};

// `{{name}}` is the one word that a template leaves open.
std::string filled(std::string_view text, std::string_view name) {
  constexpr std::string_view kBlank = "{{name}}";
  std::string out;
  for (std::size_t at = text.find(kBlank); at != std::string_view::npos; at = text.find(kBlank)) {
    out += text.substr(0, at);
    out += name;
    text.remove_prefix(at + kBlank.size());
  }
  return out.append(text);
}

// A folder that is there may be used when nothing is in it.
bool is_free(const fs::path& folder) {
  std::error_code error;
  return !fs::exists(folder, error) || fs::is_empty(folder, error);
}

int run(const NewOptions& options, Terminal& terminal) {
  if (!config::is_site_name(options.name)) {
    terminal.error(fmt::format("\"{}\" cannot be the name of a site", printable(options.name)));
    terminal.hint(
        "use 1 to 63 of a-z, 0-9, '-' and '_', the first a letter or digit: pear new my-shop");
    return to_int(ExitCode::Usage);
  }
  const fs::path folder =
      options.folder.empty() ? fs::path(options.name) : fs::path(options.folder);
  const std::string shown = printable(folder.native());
  if (!is_free(folder)) {
    terminal.error(fmt::format("{} is there already, and not empty", shown));
    terminal.hint(fmt::format("choose another folder: pear new {} --dir PATH", options.name));
    return to_int(ExitCode::Usage);
  }

  const std::string prefix = fmt::format("templates/{}/", options.language);
  int count = 0;
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with(prefix)) continue;
    const fs::path path = folder / file.path.substr(prefix.size());
    if (const auto made = create_file(path, filled(file.content, options.name)); !made) {
      terminal.error(made.error());
      return to_int(ExitCode::Failure);
    }
    ++count;
  }
  terminal.done(fmt::format("{}: {} files in {}/", options.name, count, shown));
  terminal.hint(fmt::format("cd {}", shown));
  terminal.hint("pear up --build     builds it and serves it");
  terminal.hint("pear watch          the same, again at each change");
  return to_int(ExitCode::Ok);
}

}  // namespace

void add_new_command(Program& program) {
  auto [app, options] =
      add_command<NewOptions>(program,
                              {.name = "new",
                               .summary = "Write a new site to start from",
                               .description = "Nothing that is there is written over.",
                               .examples = "  pear new hello\n"
                                           "  pear new shop --lang js\n"
                                           "  pear new shop --dir sites/shop\n"},
                              run);
  app.add_option("NAME", options.name, "The name of the site: lower case letters, digits and '-'")
      ->required();
  app.add_option("--lang", options.language, "The language to write it in; default: cpp")
      ->type_name("cpp|js")
      ->check(quiet(CLI::IsMember({"cpp", "js"})));
  app.add_option("--dir", options.folder, "The folder to write; default: NAME")->type_name("PATH");
}

}  // namespace pear::cli

#include "cli/command.h"

namespace pear::cli {

CLI::App& add_subcommand(Program& program, const CommandText& text) {
  CLI::App* const app = program.app.add_subcommand(text.name, text.summary);
  // CLI11 keeps one text besides the summary; help_text() shows it after the options.
  std::string footer = text.description;
  if (*text.examples != '\0') {
    if (!footer.empty()) footer += "\n\n";
    footer += "Examples:\n";
    footer += text.examples;
  }
  app->footer(footer);
  if (text.audience == CommandText::Audience::Machine) app->group("");
  return *app;
}

}  // namespace pear::cli

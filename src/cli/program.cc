#include "cli/program.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "config/suggestion.h"

namespace pear::cli {

namespace {

constexpr std::string_view kExitCodes =
    "  0  done            1  it failed; the message says why\n"
    "  2  wrong command line or configuration; nothing was started\n"
    "  3  cannot listen   4  a component is missing, damaged or no site\n"
    "  130, 143           ended by Ctrl-C or SIGTERM before it could finish\n";

// Rows of "  name   description", the second column where the widest name (up to a limit) ends.
struct Row {
  std::string name;
  std::string description;
};
std::string rows_text(const std::vector<Row>& rows, const Terminal& terminal) {
  constexpr std::size_t kNameMax = 26;
  std::size_t width = 0;
  for (const Row& row : rows) {
    if (row.name.size() <= kNameMax) width = std::max(width, row.name.size());
  }
  std::string out;
  for (const Row& row : rows) {
    out += fmt::format("  {}", terminal.out(Colour::Cyan, row.name));
    if (row.name.size() > width) {
      out += fmt::format("\n{:{}}", "", width + 4);
    } else {
      out += std::string(width - row.name.size() + 2, ' ');
    }
    for (const char c : row.description) {
      out += c;
      if (c == '\n') out += std::string(width + 4, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string heading(const Terminal& terminal, std::string_view text) {
  return fmt::format("\n{}\n", terminal.out(Colour::Bold, text));
}

// CLI11 names kinds as programmers do.
std::string type_text(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type == "UINT" || type == "INT" || type == "FLOAT" ? "N" : type;
}

std::string option_name(const CLI::Option& option) {
  std::string name;
  for (const std::string& letter : option.get_snames()) name += fmt::format("-{}, ", letter);
  for (const std::string& word : option.get_lnames()) name += fmt::format("--{}, ", word);
  name.erase(name.size() - 2);
  const std::string type = type_text(option);
  return option.get_type_size_max() == 0 || type.empty() ? name : fmt::format("{} {}", name, type);
}

std::vector<Row> rows_of(const CLI::App& app, bool positional) {
  std::vector<Row> rows;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() != positional || option->get_group().empty()) continue;
    rows.push_back({.name = positional ? option->get_name(true) : option_name(*option),
                    .description = option->get_description()});
  }
  return rows;
}

std::string usage_of(const CLI::App& app) {
  std::string usage = fmt::format("pear {}", app.get_name());
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_name(true);
    usage += option->get_required() ? fmt::format(" {}", name) : fmt::format(" [{}]", name);
  }
  return usage + " [OPTIONS]";
}

std::vector<Row> listed_commands(const CLI::App& app) {
  std::vector<Row> rows;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_group().empty()) continue;
    rows.push_back({.name = command->get_name(), .description = command->get_description()});
  }
  return rows;
}

const CLI::App* find_command(const CLI::App& app, std::string_view name) {
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

struct HelpOptions {
  std::string command;
};

void add_help_command(Program& program) {
  constexpr CommandText kText{.name = "help", .summary = "Explain a command, with examples"};
  CLI::App& app = add_subcommand(program, kText);
  const auto options = std::make_shared<HelpOptions>();
  app.add_option("COMMAND", options->command, "The command to explain; without it, all of them");
  app.callback([&program, options] {
    program.chosen = [&program, options] {
      const CLI::App* about = &program.app;
      if (!options->command.empty()) {
        about = find_command(program.app, options->command);
      }
      if (about == nullptr) {
        program.terminal.error(
            fmt::format("there is no command \"{}\"", printable(options->command)));
        program.terminal.hint("pear help lists them");
        return to_int(ExitCode::Usage);
      }
      program.terminal.print(help_text(*about, program.terminal));
      return to_int(ExitCode::Ok);
    };
  });
}

// The word where a command is expected, when it is none.
std::string_view unknown_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0].starts_with('-')) return {};
  return find_command(app, arguments[0]) == nullptr ? arguments[0] : std::string_view{};
}

int refuse_command(const CLI::App& app, std::string_view word, const Terminal& terminal) {
  terminal.error(fmt::format("there is no command \"{}\"", printable(word)));
  std::vector<std::string> names;
  for (const Row& row : listed_commands(app)) names.push_back(row.name);
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view meant = config::nearest(word, known);
  terminal.hint(meant.empty() ? "pear help lists them" : fmt::format("pear {}", meant));
  return to_int(ExitCode::Usage);
}

int refuse_arguments(const CLI::App& app, std::string_view what, const Terminal& terminal) {
  terminal.error(printable(what));
  const auto parsed = app.get_subcommands();
  terminal.hint(parsed.empty() ? "pear help"
                               : fmt::format("pear help {}", parsed.back()->get_name()));
  return to_int(ExitCode::Usage);
}

}  // namespace

std::string help_text(const CLI::App& app, const Terminal& terminal) {
  const bool is_program = app.get_parent() == nullptr;
  std::string out = fmt::format("{}\n", app.get_description());
  out += heading(terminal, "Usage:");
  out += fmt::format("  {}\n", is_program ? "pear COMMAND [OPTIONS]" : usage_of(app));
  const auto section = [&](std::string_view title, const std::vector<Row>& rows) {
    if (!rows.empty()) out += heading(terminal, title) + rows_text(rows, terminal);
  };
  section("Commands:", listed_commands(app));
  section("Arguments:", rows_of(app, true));
  section("Options:", rows_of(app, false));
  if (const std::string footer = app.get_footer(); !footer.empty()) {
    out += '\n' + footer;
    if (!footer.ends_with('\n')) out += '\n';
  }
  if (is_program) {
    out += heading(terminal, "Exit codes:");
    out += kExitCodes;
  }
  return out;
}

void ignore_user_signals() {
  for (const int signal : {SIGUSR1, SIGUSR2}) ::signal(signal, SIG_IGN);
}

int run_program(const std::vector<std::string>& arguments, Terminal& terminal,
                const std::string& version, const std::vector<AddCommand>& commands) {
  CLI::App app("Pear serves WebAssembly sites and keeps them up", "pear");
  app.set_help_flag("-h,--help", "Explain the program or a command");
  app.set_version_flag("--version", version, "Show the versions of Pear and its engines");
  app.require_subcommand(0, 1);
  app.footer(
      "Start here:\n"
      "  pear new hello && cd hello && pear up --build\n"
      "  pear help up        explains a command, with examples\n");

  Program program{.app = app, .terminal = terminal, .chosen = {}};
  for (const AddCommand& add : commands) add(program);
  add_help_command(program);

  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // As CLI11 wants it.
  try {
    if (const auto word = unknown_command(app, arguments); !word.empty()) {
      return refuse_command(app, word, terminal);
    }
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    const auto parsed = app.get_subcommands();
    terminal.print(help_text(parsed.empty() ? app : *parsed.back(), terminal));
    return to_int(ExitCode::Ok);
  } catch (const CLI::CallForVersion&) {
    terminal.print(version);
    return to_int(ExitCode::Ok);
  } catch (const CLI::Error& error) {
    return refuse_arguments(app, error.what(), terminal);
  }
  if (!program.chosen) {
    terminal.print(help_text(app, terminal));
    return to_int(arguments.empty() ? ExitCode::Ok : ExitCode::Usage);
  }
  return program.chosen();
}

}  // namespace pear::cli

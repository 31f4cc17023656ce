#include "cli/program.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/captured_terminal.h"
#include "cli/site_options.h"

namespace pear::cli {
namespace {

struct GreetOptions {
  std::string name;
  std::vector<std::string> words;
  int code = 0;
};

int greet(const GreetOptions& options, Terminal& terminal) {
  terminal.print("hello " + options.name + "\n");
  return options.code;
}

void add_greet_command(Program& program) {
  auto [app, options] = add_command<GreetOptions>(program,
                                                  {.name = "greet",
                                                   .summary = "Say hello",
                                                   .description = "Politely.",
                                                   .examples = "  pear greet you\n"},
                                                  greet);
  app.add_option("NAME", options.name, "Whom")->required();
  app.add_option("--code", options.code, "The exit code")->type_name("N");
}

void add_hidden_command(Program& program) {
  add_command<GreetOptions>(
      program,
      {.name = "machine", .summary = "For programs", .audience = CommandText::Audience::Machine},
      greet);
}

int run(const std::vector<std::string>& arguments, CapturedTerminal& captured) {
  return run_program(arguments, captured.terminal, "pear 1.2.3\n",
                     {add_greet_command, add_hidden_command});
}

TEST(Program, RunsTheChosenCommandAndReturnsItsExitCode) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"greet", "you", "--code", "4"}, captured), 4);
  EXPECT_EQ(captured.out(), "hello you\n");
}

TEST(Program, SuggestsTheCommandThatWasProbablyMeant) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"gret", "you"}, captured), to_int(ExitCode::Usage));
  EXPECT_EQ(captured.err(), "error: there is no command \"gret\"\n  → pear greet\n");
  EXPECT_EQ(captured.out(), "");
}

TEST(Program, RefusesWhatACommandDoesNotKnowAndNamesItsHelp) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"greet", "you", "--loud"}, captured), to_int(ExitCode::Usage));
  EXPECT_NE(captured.err().find("--loud"), std::string::npos);
  EXPECT_NE(captured.err().find("  → pear help greet\n"), std::string::npos);
}

TEST(Program, AsksForAnArgumentThatIsMissing) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"greet"}, captured), to_int(ExitCode::Usage));
  EXPECT_EQ(captured.err(), "error: NAME is required\n  → pear help greet\n");
}

TEST(Program, ExplainsACommandWithItsExamples) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"help", "greet"}, captured), 0);
  EXPECT_EQ(captured.out(),
            "Say hello\n"
            "\nUsage:\n  pear greet NAME [OPTIONS]\n"
            "\nArguments:\n  NAME  Whom\n"
            "\nOptions:\n"
            "  -h, --help  Explain the program or a command\n"
            "  --code N    The exit code\n"
            "\nPolitely.\n"
            "\nExamples:\n  pear greet you\n");
}

TEST(Program, GivesTheSameHelpByFlagAndByCommand) {
  CapturedTerminal by_flag;
  CapturedTerminal by_command;

  EXPECT_EQ(run({"greet", "--help"}, by_flag), 0);
  EXPECT_EQ(run({"help", "greet"}, by_command), 0);
  EXPECT_EQ(by_flag.out(), by_command.out());
}

TEST(Program, ListsCommandsForPeopleAndExitCodes) {
  CapturedTerminal captured;

  EXPECT_EQ(run({}, captured), 0);
  EXPECT_NE(captured.out().find("  greet  Say hello\n"), std::string::npos) << captured.out();
  EXPECT_EQ(captured.out().find("machine"), std::string::npos);
  EXPECT_NE(captured.out().find("3  cannot listen"), std::string::npos);
}

TEST(Program, ShowsItsVersion) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"--version"}, captured), 0);
  EXPECT_EQ(captured.out(), "pear 1.2.3\n");
}

TEST(SiteOptionsOfACommandLine, SurviveTheWayToAnotherProcess) {
  const std::vector<std::string> given{
      "serve",   "--listen", "127.0.0.1:0",   "--listen=[::1]:8080",
      "--cores", "2",        "--preset=prod", "--isolation",
      "cage",    "--set",    "a.b=c,d",       "--set=x.y=--z",
      "--",      "-odd/path"};
  const auto parse = [](const std::vector<std::string>& arguments) {
    CapturedTerminal captured;
    SiteOptions out;
    const int code = run_program(arguments, captured.terminal, "", {[&](Program& program) {
                                   CLI::App& app =
                                       add_subcommand(program, {.name = "serve", .summary = ""});
                                   add_serving_options(app, out);
                                   app.callback([&program] { program.chosen = [] { return 0; }; });
                                 }});
    EXPECT_EQ(code, 0) << captured.err();
    return out;
  };

  const SiteOptions first = parse(given);
  std::vector<std::string> again{"serve"};
  for (const std::string& argument : to_arguments(first)) again.push_back(argument);
  const SiteOptions second = parse(again);

  EXPECT_EQ(first.path, "-odd/path");
  EXPECT_EQ(first.listen, (std::vector<std::string>{"127.0.0.1:0", "[::1]:8080"}));
  EXPECT_EQ(first.set, (std::vector<std::string>{"a.b=c,d", "x.y=--z"}));
  EXPECT_EQ(to_arguments(first), to_arguments(second));
  EXPECT_EQ(second.cores, "2");
  EXPECT_EQ(second.preset, "prod");
  EXPECT_EQ(second.isolation, "cage");
}

TEST(SiteOptionsOfACommandLine, RefuseAPresetThatDoesNotExist) {
  CapturedTerminal captured;
  SiteOptions options;

  const int code = run_program(
      {"serve", "--preset", "fast"}, captured.terminal, "", {[&](Program& program) {
        add_serving_options(add_subcommand(program, {.name = "serve", .summary = ""}), options);
      }});

  EXPECT_EQ(code, to_int(ExitCode::Usage));
  EXPECT_NE(captured.err().find("fast"), std::string::npos);
}

}  // namespace
}  // namespace pear::cli

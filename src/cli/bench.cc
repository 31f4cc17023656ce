#include "cli/bench.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "cli/bench_plan.h"
#include "cli/checks.h"
#include "load/run.h"
#include "load/wire_kit.h"

namespace pear::cli {

namespace {

constexpr std::uint32_t kRoundsMax = 1'000;
constexpr std::uint32_t kRoundsOfSeveral = 5;

class ProgressLine final : public load::RunWatcher {
 public:
  ProgressLine(const Terminal& terminal, std::uint32_t rounds)
      : terminal_(terminal), rounds_(rounds) {}

  void on_round(std::uint32_t round, const load::TargetToMeasure& target) override {
    terminal_.show_progress(
        fmt::format("round {} of {}: {}", round + 1, rounds_, printable(target.url)));
  }
  // A line for scripts, which may look at the server now.
  void on_all_open(std::uint64_t connections) override {
    terminal_.clear_progress();
    terminal_.print(fmt::format("open {}\n", connections));
  }

 private:
  const Terminal& terminal_;
  std::uint32_t rounds_;
};

std::string error_sentence(const Error& error) {
  if (error.os_errno == 0) return std::string(error.detail.view());
  return fmt::format("{}: {}", error.detail.view(),
                     std::error_code(error.os_errno, std::generic_category()).message());
}

// Those of all targets, each once.
std::vector<std::string> problems_in(const std::vector<load::TargetToMeasure>& targets) {
  std::vector<std::string> all;
  for (const load::TargetToMeasure& target : targets) {
    const load::Plan& plan = target.plan;
    auto problems = load::problems_in(plan);
    if (problems.empty() && plan.target.scheme == load::Scheme::Https) {
      problems = load::problems_in_tls(plan.tls, plan.http);
    }
    for (std::string& problem : problems) {
      if (std::ranges::find(all, problem) == all.end()) all.push_back(std::move(problem));
    }
  }
  return all;
}

int run(const BenchOptions& options, Terminal& terminal) {
  const auto usage_error = [&](std::string_view text) {
    terminal.error(printable(text));
    return to_int(ExitCode::Usage);
  };
  const auto targets = targets_of(options, terminal);
  if (!targets) return usage_error(targets.error());
  const auto problems = problems_in(*targets);
  for (const std::string& problem : problems) terminal.error(printable(problem));
  if (!problems.empty()) return to_int(ExitCode::Usage);

  std::uint32_t rounds = targets->size() > 1 ? kRoundsOfSeveral : 1;
  if (options.rounds != 0) rounds = options.rounds;
  ProgressLine progress(terminal, rounds);
  const auto report = load::run_rounds(*targets, rounds, options.make_digest, &progress);
  terminal.clear_progress();
  if (!report) {
    terminal.error(error_sentence(report.error()));
    const bool is_usage = report.error().kind == ErrorKind::InvalidInput;
    return to_int(is_usage ? ExitCode::Usage : ExitCode::Failure);
  }
  terminal.print(options.json ? load::to_json(*report) : printable(load::to_text(*report)));
  return to_int(load::is_clean(*report) ? ExitCode::Ok : ExitCode::Failure);
}

void add_load_options(CLI::App& app, BenchOptions& options) {
  app.add_option("URL", options.urls,
                 "What to ask for: http[s]://HOST[:PORT]/PATH; several are compared")
      ->required();
  app.add_option("--connections,-c", options.connections,
                 "Connections; with --rate the most that may be open");
  app.add_option("--threads,-t", options.threads,
                 "Threads, each with its share of the connections");
  app.add_option("--duration,-d", options.duration,
                 "How long to make load; default 10s, or until --requests or the log have ended")
      ->type_name("TIME");
  app.add_option("--requests,-n", options.requests, "Stop after so many requests");
  app.add_option("--rate,-r", options.rate,
                 "Open loop: requests per second, sent at their times whatever the answers do;\n"
                 "latency counts from when a request was due")
      ->check(above_zero());
  app.add_option("--warm-up", options.warm_up, "Load before the measurement, not counted")
      ->type_name("TIME");
  app.add_option("--timeout", options.timeout, "For one request and its whole answer")
      ->type_name("TIME");
  app.add_option(
         "--hold", options.hold,
         "Instead of a loop: ask once on each connection, print 'open N', and hold all of them\n"
         "open for so long, idle")
      ->type_name("TIME");
  app.add_option("--rounds", options.rounds,
                 "Measure so often, all targets in turns; default 1, or 5 of several URLs")
      ->check(quiet(CLI::Range(1U, kRoundsMax)));
  app.add_flag("--allow-remote", options.allow_remote,
               "Make load on another machine; yours, or one whose owner agrees");
}

void add_connection_options(CLI::App& app, BenchOptions& options) {
  app.add_option(
         "--http", options.http,
         "1, 2 or 3; once for all URLs or once for each. Default 1 on http, and on https what\n"
         "the server chooses, 2 before 1. 2 on http is by prior knowledge (h2c)")
      ->type_name("VERSION")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--streams,-m", options.streams,
                 "Requests under way on each connection of HTTP/2 or HTTP/3 at a time; default 32")
      ->check(quiet(CLI::Range(1U, load::Plan::kStreamsMax)));
  app.add_flag("--new-connections", options.new_connections, "A new connection for each request");
  auto* const resume = app.add_flag("--resume", options.resume,
                                    "The same, and TLS resumes the session of an earlier one");
  app.add_flag("--early-data", options.early_data,
               "The same with HTTP/3, and the request goes with the first packets (0-RTT)")
      ->excludes(resume);
  auto* const ca =
      app.add_option("--ca", options.ca,
                     "Authorities (PEM) that a certificate may come from; default the\n"
                     "system's and Pear's local one")
          ->type_name("FILE");
  app.add_flag("--insecure,-k", options.insecure, "Believe every certificate")->excludes(ca);
  app.add_flag("--no-hybrid", options.no_hybrid,
               "Key exchange by X25519 alone, to compare with servers that have no X25519MLKEM768");
  app.add_option(
         "--connect-to", options.connect_to,
         "HOST:PORT:TO_HOST:TO_PORT: connect to another place than the URL says; parts may be\n"
         "empty, as with curl; may be repeated")
      ->type_name("WHERE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

void add_request_options(CLI::App& app, BenchOptions& options) {
  app.add_option("--method,-X", options.method, "Default GET, or POST with a body")
      ->type_name("METHOD");
  app.add_option("--header,-H", options.headers, "'Name: value'; may be repeated")
      ->type_name("FIELD")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  auto* const body =
      app.add_option("--body", options.body, "Body of each request")->type_name("BYTES");
  app.add_option("--body-file", options.body_file, "File with the body of each request")
      ->type_name("FILE")
      ->excludes(body);
  auto* const replay =
      app.add_option("--replay", options.replay,
                     "Send the requests of an access log (combined format), each line optionally\n"
                     "followed by expect=STATUS sha256=HEX")
          ->type_name("FILE");
  app.add_option("--speed", options.speed,
                 "With the log's own timing, so many times as fast; else as fast as possible")
      ->needs(replay)
      ->check(above_zero());
}

void add_answer_options(CLI::App& app, BenchOptions& options) {
  app.add_option("--expect-status", options.expect_status,
                 "The status that every answer must have; default any 2xx or 3xx")
      ->check(quiet(CLI::Range(100U, 999U)));
  app.add_option("--expect-sha256", options.expect_sha256,
                 "The SHA-256 that every answer's body must have, in hex")
      ->type_name("HEX");
  app.add_flag("--timeline", options.timeline, "Figures for each second");
  app.add_option("--server-pid", options.server_pids,
                 "Process of the server, once for each URL: adds its CPU time and memory")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(above_zero());
  app.add_flag("--json", options.json, "Print JSON");
}

}  // namespace

void add_bench_command(Program& program, load::MakeDigest make_digest) {
  auto [app, options] = add_command<BenchOptions>(
      program,
      {.name = "bench",
       .summary = "Make load on a server and measure how it answers",
       .description =
           "Without --rate each connection sends its next request when it has its answer (closed\n"
           "loop): for throughput. With --rate requests are sent at their times (open loop): for\n"
           "latency. Ends with 1 when a request failed or an answer was not as expected.",
       .examples = "  pear bench http://127.0.0.1:3000/\n"
                   "  pear bench --rate 5000 --duration 30s --timeline http://127.0.0.1:3000/\n"
                   "  pear bench --replay access.log --speed 10 http://127.0.0.1:3000/\n"
                   "  pear bench http://127.0.0.1:3000/ http://127.0.0.1:8080/\n"
                   "  pear bench --http 3 --streams 10 https://localhost:3443/\n"},
      run);
  options.make_digest = make_digest;
  add_load_options(app, options);
  add_connection_options(app, options);
  add_request_options(app, options);
  add_answer_options(app, options);
}

}  // namespace pear::cli

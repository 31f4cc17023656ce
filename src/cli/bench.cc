#include "cli/bench.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/text_file.h"
#include "config/units.h"
#include "http/field_rules.h"
#include "load/run.h"

namespace pear::cli {

using std::chrono::milliseconds;

namespace {

constexpr std::uint32_t kRoundsMax = 1'000;
constexpr std::uint32_t kRoundsOfSeveral = 5;
constexpr std::size_t kTargetsMax = 16;

struct BenchOptions {
  load::MakeDigest make_digest = nullptr;

  std::vector<std::string> urls;
  std::uint32_t connections = 64;
  std::uint32_t threads = 1;
  std::string duration;
  std::uint64_t requests = 0;  // 0: no bound.
  double rate = 0;             // 0: closed loop.
  std::string warm_up = "0ms";
  std::string timeout = "5s";
  std::uint32_t rounds = 0;  // 0: one, or five of several targets.
  bool new_connections = false;

  std::string method;
  std::vector<std::string> headers;
  std::optional<std::string> body;
  std::optional<std::string> body_file;

  std::string replay;
  double speed = 0;  // 0: not with the log's own timing.

  std::uint32_t expect_status = 0;  // 0: any 2xx or 3xx.
  std::string expect_sha256;
  bool timeline = false;
  std::vector<int> server_pids;
  bool json = false;
  bool allow_remote = false;
};

Told<milliseconds> duration_of(std::string_view option, const std::string& text) {
  const auto duration = config::parse_duration(text);
  if (duration) return *duration;
  return std::unexpected(
      fmt::format("{} '{}' is no duration: write 500ms, 10s, 2m or 1h", option, text));
}

Told<std::pair<std::string, std::string>> header_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    return std::unexpected(fmt::format("--header '{}' is not of the form 'Name: value'", text));
  }
  const std::string_view value = http::trim_blanks(std::string_view(text).substr(colon + 1));
  return std::pair{text.substr(0, colon), std::string(value)};
}

Told<void> set_times(const BenchOptions& options, load::Plan* plan) {
  if (!options.duration.empty()) {
    const auto duration = duration_of("--duration", options.duration);
    if (!duration) return std::unexpected(duration.error());
    plan->bound.duration = *duration;
  } else if (!options.replay.empty() || options.requests > 0) {
    // The log, or the count, ends the run.
    plan->bound.duration = options.timeline ? load::Plan::kTimelineMax : load::Bound::kDurationMax;
  }
  const auto warm_up = duration_of("--warm-up", options.warm_up);
  if (!warm_up) return std::unexpected(warm_up.error());
  plan->warm_up = *warm_up;
  const auto timeout = duration_of("--timeout", options.timeout);
  if (!timeout) return std::unexpected(timeout.error());
  plan->timeout = *timeout;
  return {};
}

Told<void> set_request(const BenchOptions& options, load::Plan* plan) {
  for (const std::string& text : options.headers) {
    auto header = header_of(text);
    if (!header) return std::unexpected(header.error());
    plan->headers.push_back(*std::move(header));
  }
  if (options.body) plan->body = *options.body;
  if (options.body_file) {
    auto body = read_file(*options.body_file);
    if (!body) return std::unexpected(body.error());
    plan->body = *std::move(body);
  }
  const bool has_body = options.body || options.body_file;
  plan->method = has_body ? "POST" : "GET";
  if (!options.method.empty()) plan->method = options.method;
  return {};
}

Told<void> set_expectations(const BenchOptions& options, load::Plan* plan) {
  if (options.expect_status != 0) {
    plan->expect.status = static_cast<std::uint16_t>(options.expect_status);
  }
  if (!options.expect_sha256.empty()) {
    plan->expect.body = load::parse_sha256(options.expect_sha256);
    if (!plan->expect.body) return std::unexpected("--expect-sha256 takes 64 hex digits");
  }
  return {};
}

Told<void> set_replay(const BenchOptions& options, const Terminal& terminal, load::Plan* plan) {
  if (options.replay.empty()) return {};
  const auto text = read_file(options.replay);
  if (!text) return std::unexpected(text.error());
  auto log = load::parse_replay_log(*text);
  if (!log) {
    return std::unexpected(fmt::format("{}: {}", options.replay, log.error().detail.view()));
  }
  if (log->skipped_count > 0) {
    terminal.warning(fmt::format("{}: {} line{} left out", options.replay, log->skipped_count,
                                 log->skipped_count == 1 ? "" : "s"));
    for (const auto& skipped : log->skipped) {
      terminal.hint(fmt::format("line {}: {}", skipped.line, skipped.reason));
    }
  }
  plan->replay = std::move(log->entries);
  return {};
}

Told<load::Plan> plan_of(const BenchOptions& options, const Terminal& terminal) {
  load::Plan plan;
  plan.threads = options.threads;
  plan.connections = options.connections;
  if (options.rate != 0) plan.rate_per_s = options.rate;
  if (options.speed != 0) plan.replay_speed = options.speed;
  if (options.requests != 0) plan.bound.requests = options.requests;
  plan.timeline = options.timeline;
  if (options.new_connections) plan.connection_use = load::ConnectionUse::NewForEach;
  if (options.allow_remote) plan.reach = load::Reach::AnyAddress;
  for (const auto& set : {set_times(options, &plan), set_request(options, &plan),
                          set_expectations(options, &plan), set_replay(options, terminal, &plan)}) {
    if (!set) return std::unexpected(set.error());
  }
  return plan;
}

// The plan once for each URL, all alike but for their targets.
Told<std::vector<load::TargetToMeasure>> targets_of(const BenchOptions& options,
                                                    const load::Plan& plan) {
  if (options.urls.size() > kTargetsMax) {
    return std::unexpected(fmt::format("at most {} URLs can be compared", kTargetsMax));
  }
  if (options.server_pids.size() > options.urls.size()) {
    return std::unexpected("--server-pid is given more often than there are URLs");
  }
  std::vector<load::TargetToMeasure> targets;
  for (std::size_t i = 0; i < options.urls.size(); ++i) {
    load::TargetToMeasure target{.url = options.urls[i], .plan = plan};
    auto parsed = load::parse_target(options.urls[i]);
    if (!parsed) {
      return std::unexpected(fmt::format("{}: {}", options.urls[i], parsed.error().detail.view()));
    }
    target.plan.target = *std::move(parsed);
    if (i < options.server_pids.size()) target.server_pid = options.server_pids[i];
    targets.push_back(std::move(target));
  }
  return targets;
}

class ProgressLine final : public load::RoundWatcher {
 public:
  ProgressLine(const Terminal& terminal, std::uint32_t rounds)
      : terminal_(terminal), rounds_(rounds) {}

  void on_round(std::uint32_t round, const load::TargetToMeasure& target) override {
    terminal_.show_progress(
        fmt::format("round {} of {}: {}", round + 1, rounds_, printable(target.url)));
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

int run(const BenchOptions& options, Terminal& terminal) {
  const auto usage_error = [&](std::string_view text) {
    terminal.error(printable(text));
    return to_int(ExitCode::Usage);
  };
  const auto plan = plan_of(options, terminal);
  if (!plan) return usage_error(plan.error());
  const auto problems = load::problems_in(*plan);
  for (const std::string& problem : problems) terminal.error(printable(problem));
  if (!problems.empty()) return to_int(ExitCode::Usage);
  const auto targets = targets_of(options, *plan);
  if (!targets) return usage_error(targets.error());

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
                 "What to ask for: http://HOST[:PORT]/PATH; several are compared")
      ->required();
  app.add_option("--connections,-c", options.connections,
                 "Connections; with --rate the most that may be open");
  app.add_option("--threads,-t", options.threads,
                 "Threads, each with its share of the connections");
  app.add_option("--duration,-d", options.duration,
                 "How long to make load; default 10s, or until --requests or the log have ended");
  app.add_option("--requests,-n", options.requests, "Stop after so many requests");
  app.add_option("--rate,-r", options.rate,
                 "Open loop: requests per second, sent at their times whatever the answers do;\n"
                 "latency counts from when a request was due")
      ->check(CLI::PositiveNumber);
  app.add_option("--warm-up", options.warm_up, "Load before the measurement, not counted");
  app.add_option("--timeout", options.timeout, "For one request and its whole answer");
  app.add_flag("--new-connections", options.new_connections, "A new connection for each request");
  app.add_option("--rounds", options.rounds,
                 "Measure so often, all targets in turns; default 1, or 5 of several URLs")
      ->check(CLI::Range(1U, kRoundsMax));
  app.add_flag("--allow-remote", options.allow_remote,
               "Make load on another machine; yours, or one whose owner agrees");
}

void add_request_options(CLI::App& app, BenchOptions& options) {
  app.add_option("--method,-X", options.method, "Default GET, or POST with a body");
  app.add_option("--header,-H", options.headers, "'Name: value'; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  auto* const body = app.add_option("--body", options.body, "Body of each request");
  app.add_option("--body-file", options.body_file, "File with the body of each request")
      ->excludes(body);
  auto* const replay =
      app.add_option("--replay", options.replay,
                     "Send the requests of an access log (combined format), each line optionally\n"
                     "followed by expect=STATUS sha256=HEX");
  app.add_option("--speed", options.speed,
                 "With the log's own timing, so many times as fast; else as fast as possible")
      ->needs(replay)
      ->check(CLI::PositiveNumber);
}

void add_answer_options(CLI::App& app, BenchOptions& options) {
  app.add_option("--expect-status", options.expect_status,
                 "The status that every answer must have; default any 2xx or 3xx")
      ->check(CLI::Range(100U, 999U));
  app.add_option("--expect-sha256", options.expect_sha256,
                 "The SHA-256 that every answer's body must have, in hex");
  app.add_flag("--timeline", options.timeline, "Figures for each second");
  app.add_option("--server-pid", options.server_pids,
                 "Process of the server, once for each URL: adds its CPU time and memory")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::PositiveNumber);
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
                   "  pear bench http://127.0.0.1:3000/ http://127.0.0.1:8080/\n"},
      run);
  options.make_digest = make_digest;
  add_load_options(app, options);
  add_request_options(app, options);
  add_answer_options(app, options);
}

}  // namespace pear::cli

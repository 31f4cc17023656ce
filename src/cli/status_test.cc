#include "cli/status.h"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "cli/captured_terminal.h"
#include "cli/program.h"
#include "cli/status_report.h"
#include "keeper/listener_set.h"

namespace pear::cli {
namespace {

constexpr const char* kStatus = R"({"version":"0.1.0","uptime_ms":60000.5,"ready":true,
  "draining":false,"sites":[{"name":"shop","state":"running",
  "pool":{"total":3,"healthy":2,"initializing":0,"crashed":1},
  "requests":{"none":1,"2xx":100,"5xx":2},"faults":{"trap":4,"cpu":1},
  "latency":{"p99_ms":12.5},
  "last_heals":[{"ago_ms":9000,"fault":"cpu","heal_ms":0.2},
                {"ago_ms":1500,"fault":"trap","heal_ms":0.046}]}]})";

// Answers one connection after the other with the given bytes, and remembers what was asked.
class FakeAdmin {
 public:
  explicit FakeAdmin(std::vector<std::string> answers)
      : listeners_(*keeper::ListenerSet::open({.listen = {{.host = "127.0.0.1", .port = 0}}}, 1)),
        thread_([this, answers = std::move(answers)] {
          for (const std::string& answer : answers) serve_one(answer);
        }) {}

  // Waits until all answers were given.
  std::vector<std::string> requests() {
    thread_.join();
    return requests_;
  }
  [[nodiscard]] std::string address() const {
    return keeper::to_text(listeners_.addresses()[0].address);
  }

 private:
  void serve_one(const std::string& answer) {
    const int listener = listeners_.fds_by_address()[0][0];
    pollfd waiting{.fd = listener, .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 10'000);
    const io::UniqueFd client(::accept(listener, nullptr, nullptr));
    std::array<char, 4'096> text{};
    const ssize_t got = ::read(client.get(), text.data(), text.size());
    requests_.emplace_back(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    EXPECT_EQ(::write(client.get(), answer.data(), answer.size()),
              static_cast<ssize_t>(answer.size()));
  }

  keeper::ListenerSet listeners_;
  std::vector<std::string> requests_;
  std::jthread thread_;
};

std::string http(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\nconnection: close\r\n\r\n" + body;
}

int run(const std::vector<std::string>& arguments, CapturedTerminal& captured) {
  return run_program(arguments, captured.terminal, "", {add_status_command, add_restart_command});
}

TEST(StatusReport, ShowsSitesAsATable) {
  const CapturedTerminal captured;
  const auto before = parse_status(kStatus);
  ASSERT_TRUE(before);
  StatusReport now = *before;
  now.uptime_ms += 500;
  now.sites[0].requests += 50;

  EXPECT_EQ(status_text(*before, now, captured.terminal),
            "pear 0.1.0, ready for 1 min 01 s\n\n"
            "SITE  STATE    CAGES  HEALTHY  CRASHED  STARTING  REQ/S    P99  FAULTS  LAST HEAL\n"
            "shop  running      3        2        1         0    100  12 ms       5  "
            "46 µs (trap, 1.5 s ago)\n");
}

TEST(StatusReport, GivesNoRateWhereTheServerWasRestartedInBetween) {
  const CapturedTerminal captured;
  const auto before = parse_status(kStatus);
  ASSERT_TRUE(before);
  StatusReport now = *before;
  now.uptime_ms = 100;
  now.sites[0].requests = 0;

  EXPECT_NE(status_text(*before, now, captured.terminal).find("         0      -    -"),
            std::string::npos)
      << status_text(*before, now, captured.terminal);
}

TEST(StatusReport, TakesNothingThatIsNoStatus) {
  for (const char* text : {"", "hello", "[]", "{}", "{\"sites\":3}", "{\"sites\":["}) {
    EXPECT_FALSE(parse_status(text)) << text;
  }
}

TEST(StatusReport, SurvivesMembersOfTheWrongKind) {
  const auto report = parse_status(
      R"({"sites":[7,null,{"name":3,"pool":[],"requests":{"2xx":-1},"last_heals":{},"faults":"x",
          "latency":{"p99_ms":"fast"}},{"name":"a\u001b[31m","requests":{"2xx":1},
          "latency":{"p99_ms":1e300},"last_heals":[5]}],"uptime_ms":-3})");

  ASSERT_TRUE(report);
  EXPECT_EQ(report->sites.size(), 4U);
  EXPECT_EQ(report->sites[3].name, "a?[31m");
  const CapturedTerminal captured;
  EXPECT_FALSE(status_text(*report, *report, captured.terminal).empty());
}

TEST(StatusCommand, PrintsTheJsonOfTheServerAsItIs) {
  FakeAdmin admin({http("200 OK", kStatus)});
  CapturedTerminal captured;

  EXPECT_EQ(run({"status", "--json", "--admin", admin.address()}, captured), 0) << captured.err();
  EXPECT_EQ(captured.out(), kStatus);
  EXPECT_TRUE(admin.requests().at(0).starts_with("GET /status HTTP/1.1\r\n"));
}

TEST(StatusCommand, ShowsTheTableOfTwoSamples) {
  FakeAdmin admin({http("200 OK", kStatus), http("200 OK", kStatus)});
  CapturedTerminal captured;

  EXPECT_EQ(run({"status", "--admin", admin.address()}, captured), 0) << captured.err();
  EXPECT_NE(captured.out().find("shop  running"), std::string::npos);
}

TEST(StatusCommand, SaysWhatToDoWhereNothingAnswers) {
  std::string address;
  {
    const auto closed =
        keeper::ListenerSet::open({.listen = {{.host = "127.0.0.1", .port = 0}}}, 1);
    ASSERT_TRUE(closed);
    address = keeper::to_text(closed->addresses()[0].address);
  }
  CapturedTerminal captured;

  EXPECT_EQ(run({"status", "--admin", address}, captured), to_int(ExitCode::Failure));
  EXPECT_EQ(captured.err(), "error: nothing answers on " + address +
                                ": is pear running? --admin names another address\n");
}

TEST(StatusCommand, RefusesAnAddressThatIsNone) {
  for (const char* address : {"localhost:3001", "127.0.0.1", "8.8.8.8:80", "\x1b[31m"}) {
    CapturedTerminal captured;
    EXPECT_EQ(run({"status", "--admin", address}, captured), to_int(ExitCode::Usage));
    EXPECT_NE(captured.err().find("not an address and port of this machine"), std::string::npos);
  }
}

TEST(RestartCommand, PostsToTheSiteWithTheFieldThatNoWebPageCanSend) {
  FakeAdmin admin({http("202 Accepted", "its cages are being replaced\n")});
  CapturedTerminal captured;

  EXPECT_EQ(run({"restart", "shop", "--admin", admin.address()}, captured), 0) << captured.err();
  const std::string request = admin.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /sites/shop/restart HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("\r\npear-admin: 1\r\n"), std::string::npos);
}

TEST(RestartCommand, SaysWhenThereIsNoSuchSite) {
  FakeAdmin admin({http("404 Not Found", "there is no site of this name\n")});
  CapturedTerminal captured;

  EXPECT_EQ(run({"restart", "shap", "--admin", admin.address()}, captured),
            to_int(ExitCode::Failure));
  EXPECT_NE(captured.err().find("there is no site shap"), std::string::npos);
}

TEST(RestartCommand, SendsNoNameThatCouldNotBeOne) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"restart", "../status"}, captured), to_int(ExitCode::Usage));
}

}  // namespace
}  // namespace pear::cli

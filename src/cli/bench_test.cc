#include "cli/bench.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/temporary_folder.h"
#include "cli/captured_terminal.h"
#include "cli/program.h"
#include "cli/text_file.h"
#include "load/fake_http2_server.h"
#include "load/fake_server.h"

namespace pear::cli {
namespace {

using load::FakeServer;
using load::text_response;

int bench(CapturedTerminal& captured, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "bench");
  return run_program(arguments, captured.terminal, "",
                     {[](Program& program) { add_bench_command(program, nullptr); }});
}

FakeServer::Respond always(int status) {
  return [status](std::string_view, std::uint64_t) { return text_response(status, "hello"); };
}

TEST(BenchCommand, MeasuresAServerAndEndsWithZeroWhenAllWentWell) {
  FakeServer server(always(200));
  CapturedTerminal captured;

  const int code = bench(captured, {server.url(), "-n", "50", "-c", "2", "--timeline"});

  EXPECT_EQ(code, 0) << captured.err();
  EXPECT_NE(captured.out().find("answered     50 in"), std::string::npos) << captured.out();
  EXPECT_NE(captured.out().find("p99.99"), std::string::npos);
  EXPECT_NE(captured.out().find("second"), std::string::npos);
  EXPECT_EQ(server.requests(), 50U);
}

TEST(BenchCommand, TakesTheUrlWhereverItStands) {
  FakeServer server(always(200));
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, {"--http", "1", server.url(), "-n", "1", "-c", "1"}), 0)
      << captured.err();
  EXPECT_EQ(bench(captured, {"-H", "a: b", server.url(), "-n", "1", "-c", "1"}), 0)
      << captured.err();
  EXPECT_NE(captured.out().find(", 1 connection, "), std::string::npos) << captured.out();
}

TEST(BenchCommand, SaysWhatNumbersItTakesAndExplainsThemWithoutTheirRanges) {
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, {"http://127.0.0.1:1/", "--rate", "-1"}), 2);
  EXPECT_TRUE(captured.err().starts_with("error: --rate: -1 is not a number above 0\n"))
      << captured.err();
  EXPECT_EQ(bench(captured, {"--help"}), 0);
  EXPECT_TRUE(captured.out().contains("  -r, --rate N  ")) << captured.out();
}

TEST(BenchCommand, EndsWithOneWhenAnAnswerIsNotAsExpected) {
  FakeServer server(always(404));
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, {server.url(), "-n", "3"}), 1);
  EXPECT_EQ(bench(captured, {server.url(), "-n", "3", "--expect-status", "404"}), 0);
}

TEST(BenchCommand, PrintsJsonForPrograms) {
  FakeServer server(always(200));
  CapturedTerminal captured;

  ASSERT_EQ(bench(captured,
                  {server.url(), "-n", "10", "--json", "--server-pid", std::to_string(::getpid())}),
            0);

  const auto json = nlohmann::json::parse(captured.out());
  EXPECT_EQ(json["targets"][0]["median"]["answered"], 10);
  EXPECT_TRUE(json["targets"][0]["median"].contains("server_resident_bytes"));
}

TEST(BenchCommand, ComparesSeveralTargetsInFiveRounds) {
  FakeServer a(always(200));
  FakeServer b(always(200));
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, {a.url(), b.url(), "-n", "10"}), 0);

  EXPECT_EQ(a.requests(), 50U);
  EXPECT_EQ(b.requests(), 50U);
  EXPECT_NE(captured.out().find("B/A"), std::string::npos) << captured.out();
}

TEST(BenchCommand, SendsMethodHeadersAndBody) {
  std::string head;
  FakeServer server([&head](std::string_view request, std::uint64_t) {
    head = request;
    return text_response(200, "");
  });
  CapturedTerminal captured;

  ASSERT_EQ(bench(captured, {server.url("/p?q"), "-n", "1", "-c", "1", "--body", "abc", "-H",
                             "X-A: b", "-H", "Host: shop"}),
            0)
      << captured.err();

  EXPECT_TRUE(head.starts_with("POST /p?q HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("\r\nX-A: b\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nhost: shop\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\ncontent-length: 3\r\n"), std::string::npos) << head;
}

TEST(BenchCommand, ReplaysALogAndNamesTheLineThatFailed) {
  const base::TemporaryFolder folder;
  const auto log = folder.path() / "access.log";
  const std::string head = "h - - [22/Nov/2025:10:00:00 +0000] ";
  ASSERT_TRUE(create_file(log, head + "\"GET /a HTTP/1.1\" 200 1 \"-\" \"-\" expect=200\n" + "x\n" +
                                   head + "\"GET /b HTTP/1.1\" 200 1 \"-\" \"-\" expect=404\n")
                  .has_value());
  FakeServer server(always(200));
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, {server.url(), "--replay", log.native()}), 1);

  EXPECT_EQ(server.requests(), 2U);
  EXPECT_NE(captured.out().find("line 3: status not expected, status 200, expected 404"),
            std::string::npos)
      << captured.out();
  EXPECT_NE(captured.err().find("1 line left out"), std::string::npos) << captured.err();
}

TEST(BenchCommand, SpeaksHttp2WithoutTlsWhenItIsToldTo) {
  load::FakeHttp2Server server([](std::uint64_t) { return load::FakeDecision{}; });
  CapturedTerminal captured;

  ASSERT_EQ(bench(captured,
                  {server.url(), "--http", "2", "--streams", "5", "-c", "2", "-n", "40", "--json"}),
            0)
      << captured.err();

  const auto json = nlohmann::json::parse(captured.out());
  EXPECT_EQ(json["plan"]["streams"], 5);
  EXPECT_EQ(json["targets"][0]["http"], "2");
  EXPECT_EQ(json["targets"][0]["median"]["answered"], 40);
  EXPECT_EQ(server.counts().connections.load(), 2U);
}

TEST(BenchCommand, ComparesTargetsThatSpeakDifferentVersions) {
  load::FakeHttp2Server two([](std::uint64_t) { return load::FakeDecision{}; });
  FakeServer one(always(200));
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, {two.url(), one.url(), "--http", "2", "--http", "1", "-n", "10",
                             "--rounds", "2"}),
            0)
      << captured.err();

  EXPECT_NE(captured.out().find("/, HTTP/2\n"), std::string::npos) << captured.out();
  EXPECT_NE(captured.out().find("/, HTTP/1.1\n"), std::string::npos) << captured.out();
}

TEST(BenchCommand, SaysWhenAllConnectionsThatItHoldsAreOpen) {
  FakeServer server(always(200));
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, {server.url(), "--hold", "50ms", "-c", "20"}), 0) << captured.err();

  EXPECT_TRUE(captured.out().starts_with("open 20\n")) << captured.out();
  EXPECT_NE(captured.out().find("20 to the end"), std::string::npos) << captured.out();
  EXPECT_EQ(server.requests(), 20U);
}

TEST(BenchCommand, ChecksCertificatesUnlessItIsToldNotTo) {
  const load::FakeTls tls;
  load::FakeHttp2Server server([](std::uint64_t) { return load::FakeDecision{}; }, &tls);
  const auto code = [&](std::vector<std::string> options) {
    CapturedTerminal captured;
    options.insert(options.begin(), {server.url(), "-n", "2", "-c", "1"});
    return bench(captured, options);
  };

  EXPECT_EQ(code({}), 1);
  EXPECT_EQ(code({"--insecure"}), 0);
  EXPECT_EQ(code({"--ca", tls.authority().native()}), 0);
}

class BenchCommandRejects : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(BenchCommandRejects, WhatItCannotDoBeforeItSendsAnything) {
  CapturedTerminal captured;

  EXPECT_EQ(bench(captured, GetParam()), 2) << captured.out() << captured.err();
  EXPECT_NE(captured.err(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Arguments, BenchCommandRejects,
    testing::Values(std::vector<std::string>{}, std::vector<std::string>{"ftp://127.0.0.1/"},
                    std::vector<std::string>{"http://192.0.2.1/"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "-d", "10"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "-d", "7h"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "-c", "0"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "-r", "-5"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--speed", "2"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "-H", "no colon"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "-H", "Connection: close"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--expect-sha256", "ab"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--http", "3"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--http", "4"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--http", "1", "--http", "2"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--streams", "0"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--streams", "2"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--resume"},
                    std::vector<std::string>{"https://127.0.0.1:1/", "--early-data"},
                    std::vector<std::string>{"https://127.0.0.1:1/", "--ca", "/no/such/file"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--connect-to", "a:1:b"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--hold", "1s", "-n", "5"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--replay", "/no/such/file"},
                    std::vector<std::string>{"http://127.0.0.1:1/", "--server-pid", "1",
                                             "--server-pid", "1"}));

}  // namespace
}  // namespace pear::cli

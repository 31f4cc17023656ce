// The SDK inside a guest: guest/site.cc, built with the flags of `pear build`, on a host in memory.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

const std::shared_ptr<const Image>& site() {
  static const std::shared_ptr<const Image> image = guest_image("site");
  return image;
}

class SdkSite : public testing::Test {
 protected:
  // The response's body; the rest is in guest_.host.
  const std::string& ask(const TestRequest& request, std::deque<std::string> body = {}) {
    guest_.host.clear_response();
    guest_.host.window = std::uint64_t{1} << 18U;
    guest_.host.body = std::move(body);
    EXPECT_EQ(guest_.serve(request), PollStep::Idle) << guest_.instance.fault_text();
    return guest_.host.response;
  }
  const std::string& ask(std::string_view path) { return ask(TestRequest{.path = path}); }
  const std::string& post(std::string_view path, std::deque<std::string> body) {
    return ask(TestRequest{.method = "POST", .path = path}, std::move(body));
  }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [have, value] : guest_.host.fields) {
      if (have == name) return value;
    }
    return "none";
  }

  Guest guest_{site()};
};

TEST_F(SdkSite, SeesTheWholeRequest) {
  const TestRequest request{
      .path = "/request?a=b+c&d",
      .fields = {
          {.name = lend(std::string_view("x-a")), .value = lend(std::string_view("1"))},
          {.name = lend(std::string_view("x-a")), .value = lend(std::string_view("2"))},
          {.name = lend(std::string_view("cookie")), .value = lend(std::string_view("a=1; b=2"))}}};

  EXPECT_EQ(ask(request),
            R"({"method":"GET","scheme":"http","authority":"shop.example.com","path":"/request",)"
            R"("query":["a","b c","d",""],"headers":["x-a","1","x-a","2","cookie","a=1; b=2"],)"
            R"("first":"1","cookie":"2"})");
  EXPECT_EQ(header("content-type"), "application/json");
}

TEST_F(SdkSite, GivesCapturesDecoded) {
  EXPECT_EQ(ask("/users/a%20b+c"), "a b+c");
}

TEST_F(SdkSite, SaysWhatTheLengthIs) {
  EXPECT_EQ(ask("/large").size(), 100'000U);
  EXPECT_EQ(header("content-length"), "100000");
  EXPECT_EQ(header("content-type"), "text/plain; charset=utf-8");
}

TEST_F(SdkSite, TellsUnknownPathsAndWrongMethodsApart) {
  ask("/unknown");
  EXPECT_EQ(guest_.host.status, 404);
  ask("/form");
  EXPECT_EQ(guest_.host.status, 405);
  EXPECT_EQ(header("allow"), "POST");
}

TEST_F(SdkSite, ServesHeadByTheRouteOfGet) {
  ask(TestRequest{.method = "HEAD", .path = "/users/7"});
  EXPECT_EQ(guest_.host.status, 200);
}

TEST_F(SdkSite, ReadsAFormUpToItsLimit) {
  EXPECT_EQ(post("/form", {"x=1&a=", "", "two+words"}), "two words");
  EXPECT_EQ(post("/form", {"a=" + std::string(62, 'b')}), std::string(62, 'b'));
  post("/form", {"a=" + std::string(63, 'b')});
  EXPECT_EQ(guest_.host.status, 413);
}

TEST_F(SdkSite, ReadsABodyUpToItsLimitHoweverItIsCut) {
  EXPECT_EQ(post("/measure", {}), "0");
  EXPECT_EQ(post("/measure", {std::string(100'000, 'a')}), "100000");
  EXPECT_EQ(post("/measure", {std::string(1, 'a'), "", std::string(99'999, 'a')}), "100000");
  post("/measure", {std::string(100'001, 'a')});
  EXPECT_EQ(guest_.host.status, 413);
}

TEST_F(SdkSite, RefusesALengthBeyondTheLimitBeforeReading) {
  const TestRequest request{.method = "POST",
                            .path = "/measure",
                            .fields = {{.name = lend(std::string_view("content-length")),
                                        .value = lend(std::string_view("100001"))}}};
  ask(request);
  EXPECT_EQ(guest_.host.status, 413);
}

TEST_F(SdkSite, SaysThatABodyIsBroken) {
  guest_.host.body_cut = true;
  post("/measure", {"some"});
  EXPECT_EQ(guest_.host.status, 400);
}

TEST_F(SdkSite, GivesABodyOnce) {
  EXPECT_EQ(post("/taken", {"some"}), "taken");
}

TEST_F(SdkSite, StreamsABodyThrough) {
  std::deque<std::string> pieces;
  std::string whole;
  for (int i = 0; i < 20; ++i) {
    pieces.push_back(std::string(1'000, static_cast<char>('a' + i)));
    whole += pieces.back();
    pieces.emplace_back();
  }
  EXPECT_EQ(post("/echo", std::move(pieces)), whole);
  EXPECT_EQ(guest_.host.finishes, 1U);
}

TEST_F(SdkSite, BreaksAStreamOffWhenItsSourceBreaks) {
  guest_.host.body_cut = true;
  post("/echo", {"some"});
  EXPECT_EQ(guest_.host.finishes, 0U);
  EXPECT_EQ(guest_.host.aborts, 1U);
}

TEST_F(SdkSite, StreamsPiecesAndTrailers) {
  std::string want;
  for (int i = 0; i < 10; ++i) want += "piece ";
  want += std::string(10'000, 'x') + "end";

  EXPECT_EQ(ask("/stream"), want);
  EXPECT_EQ(header("content-length"), "none");
  EXPECT_EQ(guest_.host.response_trailers, (FakeFields{{"x-sum", "7"}}));
}

TEST_F(SdkSite, AnswersOnceWithTheHeadersThatWereSet) {
  EXPECT_EQ(ask("/twice"), "first");
  EXPECT_EQ(guest_.host.status, 201);
  EXPECT_EQ(header("x-a"), "2");
  EXPECT_EQ(header("set-cookie"), "c=d; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(guest_.host.err, "info: once\n");
}

TEST_F(SdkSite, SendsTheStatusWhenTheHandlerSentNothing) {
  EXPECT_EQ(ask("/nothing"), "");
  EXPECT_EQ(guest_.host.status, 202);
  EXPECT_EQ(header("content-length"), "0");
}

TEST_F(SdkSite, SendsNoBodyWithAStatusThatHasNone) {
  for (const auto& [path, status] :
       {std::pair{"/answer?status=204", 204}, std::pair{"/answer?status=304", 304}}) {
    EXPECT_EQ(ask(path), "");
    EXPECT_EQ(guest_.host.status, status);
    EXPECT_EQ(header("content-length"), "none");
    EXPECT_EQ(header("content-type"), "none");
  }
}

TEST_F(SdkSite, Answers500WhenAHeaderOrAStatusIsNotValid) {
  for (const char* path : {"/answer?value=a%0d%0aset-cookie:b", "/answer?value=%00",
                           "/answer?status=0", "/answer?status=99", "/answer?status=1000"}) {
    EXPECT_EQ(ask(path), "") << path;
    EXPECT_EQ(guest_.host.status, 500) << path;
    EXPECT_EQ(guest_.host.finishes, 1U) << path;
  }
}

TEST_F(SdkSite, KnowsTheTimeRandomBytesAndItsEnvironment) {
  EXPECT_EQ(ask("/system"), "none good");
  EXPECT_EQ(guest_.host.err, "warning: one line \n");
}

TEST_F(SdkSite, StopsWritingWhenTheClientHasGone) {
  guest_.host.clear_response();
  guest_.host.window = UINT64_MAX;
  EXPECT_EQ(guest_.serve({.path = "/stream"}), PollStep::Idle) << guest_.instance.fault_text();
  EXPECT_EQ(ask("/users/7"), "7");
}

// A warm cage serves millions of requests from one instance.
TEST_F(SdkSite, TakesNoMoreMemoryAfterManyRequests) {
  const auto one_of_each = [&] {
    ask("/request?a=b");
    ask("/unknown");
    ask("/large");
    ask("/stream");
    ask("/answer?value=%00");
    post("/form", {"a=b"});
    post("/measure", {std::string(50'000, 'a')});
    post("/echo", {std::string(20'000, 'a')});
    guest_.host.err.clear();
  };
  for (int i = 0; i < 100; ++i) one_of_each();
  const std::string pages = ask("/memory");

  for (int i = 0; i < 20'000; ++i) one_of_each();

  EXPECT_EQ(ask("/memory"), pages);
}

TEST(SdkSiteWithLibc, KeepsTheMemoryOfTheAdapterOverManyRequests) {
  Guest guest(guest_image("libc_site"));

  for (int i = 0; i < 1'000; ++i) {
    guest.host.clear_response();
    guest.host.out.clear();
    guest.host.window = std::uint64_t{1} << 18U;
    ASSERT_EQ(guest.serve({.path = "/printed"}), PollStep::Idle) << guest.instance.fault_text();
    ASSERT_EQ(guest.host.out, "/printed\n");
    ASSERT_EQ(guest.host.response, std::string(200'000, 'z'));
  }
}

}  // namespace
}  // namespace pear::engine

// Bodies, their streams, and how a response ends.
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

class Bodies : public testing::Test {
 protected:
  static void SetUpTestSuite() { image() = guest_image("probe_bodies"); }
  static std::shared_ptr<const Image>& image() {
    static std::shared_ptr<const Image> made;
    return made;
  }

  bool serve(std::string_view path, std::string_view method = "GET") {
    return guest_.serve({.method = method, .path = path}) == PollStep::Idle;
  }
  std::string fault() {
    return std::to_string(static_cast<int>(guest_.instance.fault())) + ": " +
           std::string(guest_.instance.fault_text());
  }
  bool faults(std::string_view path, std::string_view text) {
    if (serve(path)) return false;
    if (fault().starts_with(text)) return true;
    ADD_FAILURE() << fault();
    return false;
  }

  Guest guest_{image()};
  FakeHost& host_ = guest_.host;
};

TEST_F(Bodies, AreEchoedInPiecesThatComeWhenTheyCome) {
  host_.body = {"", "one ", "", "", "two ", std::string(3000, 'x')};

  ASSERT_TRUE(serve("/echo")) << fault();
  EXPECT_EQ(host_.response, "one two " + std::string(3000, 'x') + "closed;");
  EXPECT_EQ(host_.finishes, 1U);
  EXPECT_EQ(host_.aborts, 0U);
}

TEST_F(Bodies, ThatAreCutAreToldFromThoseThatEnd) {
  host_.body = {"half"};
  host_.body_cut = true;

  ASSERT_TRUE(serve("/echo")) << fault();
  EXPECT_EQ(host_.response, "halffailed: the request's body ended before it was complete;");
}

TEST_F(Bodies, GoThroughByASpliceWithoutTheGuestTouchingThem) {
  host_.body = {"", std::string(100'000, 'a'), "", "end"};

  ASSERT_TRUE(serve("/echo-by-splice")) << fault();
  EXPECT_EQ(host_.response, std::string(100'000, 'a') + "end");
}

TEST_F(Bodies, AreSplicedWhicheverEndHasToBeWaitedFor) {
  const std::string first(5'000, 'a');
  const std::string second(3'000, 'b');
  host_.body = {"", first, "", second, ""};
  host_.window = 0;
  ASSERT_EQ(guest_.run(), PollStep::Idle);

  guest_.begin({.path = "/echo-by-splice"});
  for (int waits = 0; waits < 100 && guest_.run(1) == PollStep::Pending; ++waits) {
    if (host_.window == 0) host_.window = 700;
  }
  EXPECT_EQ(host_.finishes, 1U) << fault();
  EXPECT_EQ(host_.response, first + second);
}

TEST_F(Bodies, AreLookedAtWithoutWaiting) {
  host_.body = {"", "abcdef"};

  ASSERT_TRUE(serve("/look-without-waiting")) << fault();
  EXPECT_EQ(host_.response,
            "00001"
            "24"
            "closed;closed;");
}

TEST_F(Bodies, GiveTheirTrailersEvenWhenTheyAreNotRead) {
  host_.body = {std::string(200'000, 'x'), "", "y"};
  host_.trailers = {{"x-sum", "9"}};

  ASSERT_TRUE(serve("/trailers")) << fault();
  EXPECT_EQ(host_.response, "1001x-sum=911");
}

TEST_F(Bodies, WithoutTrailersSayNone) {
  ASSERT_TRUE(serve("/trailers")) << fault();
  EXPECT_EQ(host_.response, "100011");
}

TEST_F(Bodies, ThatAreCutGiveAnErrorForTrailers) {
  host_.body_cut = true;
  ASSERT_TRUE(serve("/trailers")) << fault();
  EXPECT_TRUE(host_.response.starts_with("101"));
}

TEST_F(Bodies, AreConsumedOnce) {
  ASSERT_TRUE(serve("/consume-twice")) << fault();
  EXPECT_EQ(host_.response, "11");
}

TEST_F(Bodies, OutliveTheirStreamsAndStreamsTheirPollables) {
  EXPECT_TRUE(faults("/finish-with-stream", "3: dropped a resource that still has children"));
}

TEST_F(Bodies, StreamsOutliveTheirPollables) {
  EXPECT_TRUE(
      faults("/drop-stream-under-pollable", "3: dropped a resource that still has children"));
}

TEST_F(Bodies, AGuestThatReturnsWithoutAResponseIsAFault) {
  EXPECT_TRUE(faults("/no-response", "3: returned without a response"));
}

TEST_F(Bodies, AResponseMayHaveNone) {
  ASSERT_TRUE(serve("/no-body")) << fault();
  EXPECT_EQ(host_.status, 404);
  EXPECT_EQ(host_.fields, (FakeFields{{"x", "y"}}));
  EXPECT_EQ(host_.finishes, 1U);
  EXPECT_EQ(host_.response, "");
}

TEST_F(Bodies, AnErrorTakesThePlaceOfAResponse) {
  ASSERT_TRUE(serve("/error-response")) << fault();
  EXPECT_EQ(host_.response_error, "HTTP-response-timeout");
  EXPECT_EQ(host_.heads, 0U);
  EXPECT_EQ(host_.finishes, 0U);
}

TEST_F(Bodies, AreHeldUpTo64KiBUntilTheResponseIsSet) {
  ASSERT_TRUE(serve("/held-at-limit")) << fault();
  EXPECT_EQ(host_.response, std::string(65536, '\0') + "room 0");
}

TEST_F(Bodies, PastThatWaitForAResponseThatNeverComes) {
  ASSERT_EQ(guest_.run(), PollStep::Idle);
  guest_.begin({.path = "/held-past-limit"});
  EXPECT_EQ(guest_.run(10), PollStep::Pending);
  EXPECT_EQ(host_.heads, 0U);
}

TEST_F(Bodies, HeldBytesAreChargedAndGivenBack) {
  ASSERT_EQ(guest_.run(), PollStep::Idle);
  const std::uint64_t before = host_.memory;
  ASSERT_TRUE(serve("/held-at-limit")) << fault();
  EXPECT_LT(host_.memory, before + 16'384);
}

TEST_F(Bodies, HeldBytesFollowTheWindowAfterTheGuestHasReturned) {
  host_.window = 1'000;
  ASSERT_EQ(guest_.run(), PollStep::Idle);
  guest_.begin({.path = "/finish-then-set"});
  host_.window = 2;
  ASSERT_EQ(guest_.run(3), PollStep::Pending);
  EXPECT_EQ(host_.response, "ea");
  EXPECT_EQ(host_.finishes, 0U);
  host_.window = 100;
  ASSERT_EQ(guest_.run(), PollStep::Idle) << fault();
  EXPECT_EQ(host_.response, "early");
  EXPECT_EQ(host_.response_trailers, (FakeFields{{"x-t", "1"}}));
}

TEST_F(Bodies, ABodyThatIsDroppedOpenIsCut) {
  ASSERT_TRUE(serve("/drop-body-open")) << fault();
  EXPECT_EQ(host_.response, "half");
  EXPECT_EQ(host_.aborts, 1U);
  EXPECT_EQ(host_.finishes, 0U);
}

TEST_F(Bodies, ABodyThatIsOpenWhenTheGuestReturnsIsCut) {
  ASSERT_TRUE(serve("/return-body-open")) << fault();
  EXPECT_EQ(host_.aborts, 1U);
  EXPECT_EQ(host_.finishes, 0U);
}

TEST_F(Bodies, AndStreamsAreTakenOnce) {
  ASSERT_TRUE(serve("/two-bodies")) << fault();
  EXPECT_EQ(host_.response, "11");
}

TEST_F(Bodies, KeepThePromiseOfAContentLength) {
  ASSERT_TRUE(serve("/promised-exactly")) << fault();
  EXPECT_EQ(host_.out, "accepted ");
  EXPECT_EQ(host_.finishes, 1U);
}

TEST_F(Bodies, ShorterThanPromisedAreCut) {
  ASSERT_TRUE(serve("/promised-more")) << fault();
  EXPECT_EQ(host_.out, "refused 28 10");
  EXPECT_EQ(host_.aborts, 1U);
}

TEST_F(Bodies, LongerThanPromisedAreCutBeforeTheyAreTooLong) {
  ASSERT_TRUE(serve("/promised-less")) << fault();
  EXPECT_TRUE(host_.out.starts_with("refused 28"));
  EXPECT_EQ(host_.response, "");
  EXPECT_EQ(host_.aborts, 1U);
}

TEST_F(Bodies, MayBePromisedAndMissingInTheAnswerToHead) {
  ASSERT_TRUE(serve("/promised-none-written", "HEAD")) << fault();
  EXPECT_EQ(host_.out, "accepted ");
  EXPECT_EQ(host_.finishes, 1U);

  host_.clear_response();
  ASSERT_TRUE(serve("/promised-none-written", "GET")) << fault();
  EXPECT_EQ(host_.aborts, 1U);
}

TEST_F(Bodies, EndWithTrailers) {
  ASSERT_TRUE(serve("/finish-with-trailers")) << fault();
  EXPECT_EQ(host_.response_trailers, (FakeFields{{"x-sum", "9"}}));
  EXPECT_EQ(host_.response, "b");
  EXPECT_GE(host_.flushes, 1U);
}

TEST_F(Bodies, AResponseIsSetOnce) {
  EXPECT_FALSE(serve("/set-twice"));
  EXPECT_EQ(host_.heads, 1U);
}

TEST_F(Bodies, AStreamOfAnEarlierRequestIsClosed) {
  ASSERT_TRUE(serve("/keep-stream")) << fault();
  host_.clear_response();
  ASSERT_TRUE(serve("/keep-stream")) << fault();
  EXPECT_EQ(host_.response, "closed;");
}

TEST_F(Bodies, ARequestThatHasEndedCannotBeUsed) {
  ASSERT_TRUE(serve("/keep-request")) << fault();
  EXPECT_TRUE(faults("/keep-stream", "3: used an incoming-request after its request had ended"));
}

TEST_F(Bodies, AreNotWrittenPastWhatWasPermitted) {
  host_.window = 100;
  EXPECT_TRUE(faults("/write-past-room", "3: wrote more to a stream than check-write permitted"));
}

TEST_F(Bodies, AreNotWrittenInOnePieceOfMoreThan4096) {
  EXPECT_TRUE(
      faults("/blocking-write-too-much", "3: gave blocking-write-and-flush more than 4096"));
}

TEST_F(Bodies, TakeZeroesThatTheGuestDoesNotHold) {
  ASSERT_TRUE(serve("/zeroes")) << fault();
  EXPECT_EQ(host_.response, std::string(9096, '\0'));
}

TEST_F(Bodies, WaitForTheWindow) {
  for (const char* path : {"/small-window", "/wait-for-room"}) {
    host_.clear_response();
    host_.window = 100;
    ASSERT_EQ(guest_.run(), PollStep::Idle);
    guest_.begin({.path = path});
    while (guest_.run(2) == PollStep::Pending) {
      ASSERT_EQ(host_.window, 0U) << "waits although there is room";
      host_.window = 700;
    }
    EXPECT_EQ(host_.finishes, 1U) << path << fault();
    EXPECT_GE(host_.response.size(), 3'000U);
  }
}

TEST_F(Bodies, OfAClientThatWentAwayFailOnceAndAreClosedThen) {
  host_.window = UINT64_MAX;
  ASSERT_TRUE(serve("/client-gone")) << fault();
  EXPECT_EQ(host_.err,
            "failed: the client went away before the response was complete;closed;closed;1");
}

TEST_F(Bodies, AHeadThatTheHostRefusesIsAFault) {
  host_.refuse_head = true;
  EXPECT_TRUE(faults("/no-body", "8: no room for the response's head"));
}

}  // namespace
}  // namespace pear::engine

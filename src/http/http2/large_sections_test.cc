// Field sections that are larger than nghttp2 sends: heads, interim responses and trailers.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"
#include "http/http2/test_client.h"

namespace pear::http2 {
namespace {

// Fields with values of so many bytes, which outlive the session.
class Fields {
 public:
  Fields(std::size_t count, std::size_t value_bytes) {
    for (std::size_t i = 0; i < count; ++i) {
      names_.push_back("field-" + std::to_string(i));
      values_.push_back(std::to_string(i) + std::string(value_bytes, 'v'));
    }
    for (std::size_t i = 0; i < count; ++i) list_.push_back({names_[i], values_[i]});
  }
  [[nodiscard]] const std::vector<http::Field>& list() const { return list_; }
  // Those of `got` that are of this list are all of it, in its order.
  [[nodiscard]] bool all_in(const FieldPairs& got) const {
    std::vector<std::pair<std::string, std::string>> found;
    std::ranges::copy_if(got, std::back_inserter(found),
                         [](const auto& field) { return field.first.starts_with("field-"); });
    if (found.size() != list_.size()) return false;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].first != names_[i] || found[i].second != values_[i]) return false;
    }
    return true;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> values_;
  std::vector<http::Field> list_;
};

TEST(LargeSections, AreSentWholeWhateverTheirSize) {
  const std::vector<std::pair<std::size_t, std::size_t>> sizes = {
      {1, 11'000}, {1, 13'000}, {1, 60'000},  {40, 300},
      {41, 300},   {600, 110},  {10'000, 20}, {100, 40'000}};
  for (const auto& [count, bytes] : sizes) {
    const Fields fields(count, bytes);
    Harness server;
    server.site.answer = {.body = "hello", .fields = fields.list()};
    TestClient client;
    const auto stream = client.request(get_fields());
    const auto second = client.request(get_fields());

    ASSERT_TRUE(client.talk(server)) << count << " of " << bytes;
    for (const auto id : {stream, second}) {
      EXPECT_TRUE(fields.all_in(client.responses[id].fields)) << count << " of " << bytes;
      EXPECT_EQ(client.responses[id].field(":status"), "200");
      EXPECT_EQ(client.responses[id].body, "hello");
      EXPECT_TRUE(client.responses[id].ended);
    }
    EXPECT_EQ(server.session->streams_open(), 0U);
  }
}

TEST(LargeSections, MayBeAllOfAResponse) {
  const Fields fields(300, 300);
  Harness server;
  server.site.answer.fields = fields.list();
  TestClient client;
  const auto stream = client.request(get_fields("/", "HEAD"));

  ASSERT_TRUE(client.talk(server));
  EXPECT_TRUE(fields.all_in(client.responses[stream].fields));
  EXPECT_TRUE(client.responses[stream].ended);
}

TEST(LargeSections, MayBeTrailers) {
  const Fields fields(300, 300);
  const Fields first_is_large(3, 50'000);
  for (const Fields* const trailers : {&fields, &first_is_large}) {
    Harness server;
    server.site.answer = {.body = "hello", .trailers = trailers->list()};
    TestClient client;
    const auto stream = client.request(get_fields());

    ASSERT_TRUE(client.talk(server));
    EXPECT_TRUE(trailers->all_in(client.responses[stream].fields));
    EXPECT_EQ(client.responses[stream].body, "hello");
    EXPECT_TRUE(client.responses[stream].ended);
  }
}

TEST(LargeSections, MayComeBeforeTheFinalResponse) {
  const Fields hints(200, 300);
  const Fields fields(100, 1'000);
  Harness server;
  server.site.answers = false;
  server.site.answer = {.body = "hello", .fields = fields.list()};
  TestClient client;
  const auto stream = client.request(get_fields());
  ASSERT_TRUE(client.talk(server));

  server.site.exchanges[stream]->inform(103, hints.list());
  server.site.exchanges[stream]->inform(102, {});
  server.site.exchanges[stream]->respond();

  ASSERT_TRUE(client.talk(server));
  FieldPairs got = client.responses[stream].fields;
  const auto is_status = [](const auto& field) { return field.first == ":status"; };
  const auto first = std::ranges::find_if(got, is_status);
  const auto second = std::find_if(first + 1, got.end(), is_status);
  const auto third = std::find_if(second + 1, got.end(), is_status);
  ASSERT_NE(third, got.end());
  EXPECT_EQ(first->second + second->second + third->second, "103102200");
  EXPECT_TRUE(hints.all_in({first, second}));
  EXPECT_TRUE(fields.all_in({third, got.end()}));
  EXPECT_EQ(client.responses[stream].body, "hello");
}

// A stream that closes while its fields are on their way: they are needed to the section's end, and
// nothing may come between.
TEST(LargeSections, AreFinishedForAClientThatGivesUp) {
  const Fields fields(400, 400);
  Harness server;
  server.site.answer = {.body = "hello", .fields = fields.list()};
  TestClient client;
  const auto stream = client.request(get_fields());
  ASSERT_TRUE(server.send_only(client.take_output()));
  std::string piece(40UL * 1024, '\0');
  piece.resize(server.session->write(piece));
  ASSERT_TRUE(client.give(piece));

  client.cancel(stream);
  const auto other = client.request(get_fields());
  ASSERT_TRUE(server.send_only(client.take_output()));
  EXPECT_FALSE(server.site.exchanges[stream]->closed);
  server.site.exchanges[stream]->respond();                 // What comes of its owner now is
  server.session->reset(stream, ErrorCode::InternalError);  // of no consequence.

  ASSERT_TRUE(client.talk(server));
  EXPECT_TRUE(server.site.exchanges[stream]->closed);
  EXPECT_TRUE(fields.all_in(client.responses[other].fields));
  EXPECT_TRUE(client.responses[other].ended);
  EXPECT_EQ(server.session->streams_open(), 0U);
}

TEST(LargeSections, TellTheirOwnerOfEachPiece) {
  const Fields fields(100, 1'000);
  Harness server;
  server.site.answer.fields = fields.list();
  TestClient client;
  client.request(get_fields());

  ASSERT_TRUE(client.talk(server));
  EXPECT_GE(server.site.head_pieces, 4U);
}

TEST(LargeSections, AreLimitedByWhatTheClientSays) {
  Harness server;
  TestClient client;
  EXPECT_EQ(server.session->section_max(), UINT64_MAX);
  client.set(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 1'000);

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.session->section_max(), 1'000U);
}

TEST(EarlyAnswers, AreNotTakenBackForABodyOfAnotherLength) {
  for (const std::size_t bytes : {10U, 30U}) {
    Harness server;
    server.site.ignores_length = true;
    server.site.answer = {.body = std::string(100'000, 'x'), .at_once = true};
    TestClient client;
    const auto stream = client.request(with(get_fields("/", "POST"), {{"content-length", "20"}}),
                                       std::string(bytes, 'b'));

    ASSERT_TRUE(client.talk(server));
    EXPECT_EQ(client.responses[stream].body.size(), 100'000U);
    EXPECT_TRUE(client.responses[stream].ended);
    EXPECT_EQ(client.responses[stream].error, 0U);
    EXPECT_TRUE(server.site.offences.empty());
  }
}

TEST(EndOfInput, LeavesWholeRequestsToBeAnswered) {
  Harness server;
  server.site.answers = false;
  server.site.answer.body = "hello";
  TestClient client;
  const auto whole = client.request(get_fields());
  ASSERT_TRUE(client.talk(server));
  const auto partial = client.request(get_fields("/", "POST"), std::string(100'000, 'b'));
  ASSERT_TRUE(server.send_only(client.take_output()));

  server.session->end_input();
  server.site.exchanges[whole]->respond();

  server.flush();
  ASSERT_TRUE(client.give(server.output));
  EXPECT_EQ(client.responses[whole].body, "hello");
  EXPECT_TRUE(client.responses[whole].ended);
  EXPECT_TRUE(client.responses[partial].closed);
  EXPECT_EQ(server.session->streams_open(), 0U);
}

}  // namespace
}  // namespace pear::http2

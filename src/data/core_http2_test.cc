// HTTP/2 through a whole core: real sockets, and nghttp2's own client at their other end.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "http/http2/preface.h"
#include "http/http2/test_client.h"

namespace pear::data {
namespace {

using http2::FieldPairs;
using http2::TestClient;

FieldPairs fields_of(std::string_view method, std::string_view path = "/site/") {
  return {{":method", std::string(method)},
          {":scheme", "http"},
          {":authority", "a"},
          {":path", std::string(path)}};
}

class Http2Test : public CoreTest {
 protected:
  // Carries bytes both ways until `done`, or until nothing has happened for many turns.
  template <typename Done>
  void talk(TestClient& client, const io::UniqueFd& socket, Done done) {
    std::array<char, 65'536> buffer{};
    for (int quiet = 0; quiet < 500 && !done(); ++quiet) {
      to_send_ += client.take_output();
      const io::Transfer sent = io::send(socket.get(), std::span<const char>(to_send_));
      if (sent.status == io::Transfer::Status::Done) to_send_.erase(0, sent.bytes);
      turns(1);
      const io::Transfer got = io::receive(socket.get(), buffer);
      if (got.status == io::Transfer::Status::Ended) {
        ended_ = true;
        return;
      }
      if (got.status != io::Transfer::Status::Done) continue;
      ASSERT_TRUE(client.give({buffer.data(), got.bytes})) << "the server broke the protocol";
      quiet = 0;
    }
  }
  void talk_until_closed(TestClient& client, const io::UniqueFd& socket, std::int32_t stream) {
    talk(client, socket, [&] { return client.responses[stream].closed; });
  }

  [[nodiscard]] std::uint64_t counters_in_flight() const {
    return table_->sites[0]->cages[0].counters->in_flight.value();
  }

  std::string to_send_;
  bool ended_ = false;
  bool may_answer_ = false;
};

TEST_F(Http2Test, IsSpokenWhereAClientBeginsWithIt) {
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("GET"));

  talk_until_closed(client, socket, stream);

  EXPECT_EQ(client.responses[stream].field(":status"), "200");
  EXPECT_EQ(client.responses[stream].field("content-length"), "5");
  EXPECT_FALSE(client.responses[stream].field("date").empty());
  EXPECT_EQ(client.responses[stream].body, "hello");
  EXPECT_EQ(counters().responses[2].value(), 1U);
}

TEST_F(Http2Test, IsRecognisedHoweverItsFirstBytesArrive) {
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("GET"));
  for (const char byte : client.take_output()) say(socket, {&byte, 1});

  talk_until_closed(client, socket, stream);

  EXPECT_EQ(client.responses[stream].body, "hello");
}

TEST_F(Http2Test, IsRefusedWhereItIsTurnedOff) {
  settings_.http2.enabled = false;
  start();
  EXPECT_TRUE(ask(http2::kPreface, "\n").starts_with("HTTP/1.1 505"));
}

TEST_F(Http2Test, GivesEarlyHintsForPagesAlone) {
  site_.early_hints = {"</a.css>; rel=preload; as=style", "</b.js>; rel=modulepreload"};
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t page = client.request(fields_of("GET"));
  FieldPairs fetch = fields_of("GET");
  fetch.emplace_back("sec-fetch-mode", "cors");
  const std::int32_t part = client.request(fetch);
  const std::int32_t head = client.request(fields_of("HEAD"));

  for (const std::int32_t stream : {page, part, head}) talk_until_closed(client, socket, stream);

  const auto& fields = client.responses[page].fields;
  ASSERT_GT(fields.size(), 3U);
  EXPECT_EQ(fields[0], (FieldPairs::value_type{":status", "103"}));
  EXPECT_EQ(fields[1], (FieldPairs::value_type{"link", site_.early_hints[0]}));
  EXPECT_EQ(fields[2], (FieldPairs::value_type{"link", site_.early_hints[1]}));
  EXPECT_EQ(fields[3], (FieldPairs::value_type{":status", "200"}));
  EXPECT_EQ(client.responses[part].field(":status"), "200");
  EXPECT_EQ(client.responses[head].field(":status"), "200");
}

TEST_F(Http2Test, TakesTheEarlyHintsOfTheRouteBeforeThoseOfTheSite) {
  site_.early_hints = {"</a.css>"};
  site_.routes[0].early_hints.emplace();
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t page = client.request(fields_of("GET"));

  talk_until_closed(client, socket, page);

  EXPECT_EQ(client.responses[page].field(":status"), "200");
}

TEST_F(Http2Test, GivesNoEarlyHintsToHttp1) {
  site_.early_hints = {"</a.css>"};
  start();
  EXPECT_TRUE(ask("GET /site/ HTTP/1.1\r\nHost: a\r\n\r\n", "hello").starts_with("HTTP/1.1 200"));
}

TEST_F(Http2Test, SendsTheInterimResponsesOfAGuestInTheirOrder) {
  int taken = 0;
  engine_.serve = [&taken](cage::FakeGuest& guest) {
    const http::Field link{.name = "link", .value = "</a.css>"};
    if (guest.slices == 1) {
      if (guest.host.inform(102, {})) ++taken;
      if (guest.host.inform(103, {&link, 1})) ++taken;
      return guest.yielded();
    }
    while (guest.host.inform(103, {})) ++taken;
    return guest.answer("hello");
  };
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("GET"));

  talk_until_closed(client, socket, stream);

  const auto& fields = client.responses[stream].fields;
  EXPECT_EQ(taken, 16);
  ASSERT_GT(fields.size(), 18U);
  EXPECT_EQ(fields[0], (FieldPairs::value_type{":status", "102"}));
  EXPECT_EQ(fields[1], (FieldPairs::value_type{":status", "103"}));
  EXPECT_EQ(fields[2], (FieldPairs::value_type{"link", "</a.css>"}));
  for (int i = 3; i < 17; ++i) EXPECT_EQ(fields[i], (FieldPairs::value_type{":status", "103"}));
  EXPECT_EQ(fields[17], (FieldPairs::value_type{":status", "200"}));
  EXPECT_EQ(client.responses[stream].body, "hello");

  taken = 0;
  EXPECT_TRUE(ask("GET /site/ HTTP/1.1\r\nHost: a\r\n\r\n", "hello").starts_with("HTTP/1.1 200"));
  EXPECT_EQ(taken, 16);
}

TEST_F(Http2Test, ServesManyRequestsOfOneConnectionAtATime) {
  site_.limits.max_concurrent_requests = 200;
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 90; ++i) streams.push_back(client.request(fields_of("GET")));

  talk_until_closed(client, socket, streams.back());
  for (const std::int32_t stream : streams) talk_until_closed(client, socket, stream);

  for (const std::int32_t stream : streams) EXPECT_EQ(client.responses[stream].body, "hello");
  EXPECT_EQ(counters().responses[2].value(), 90U);
}

TEST_F(Http2Test, CarriesLargeBodiesBothWaysWithinTheWindows) {
  engine_.serve = echo;
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 997);
  const std::int32_t stream = client.request(fields_of("POST"), body, {{"x-sum", "7"}});

  talk_until_closed(client, socket, stream);

  EXPECT_EQ(client.responses[stream].body.size(), body.size());
  EXPECT_TRUE(client.responses[stream].body == body);
}

TEST_F(Http2Test, AnswersHeadWithTheFieldsAlone) {
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("HEAD"));

  talk_until_closed(client, socket, stream);

  EXPECT_EQ(client.responses[stream].field(":status"), "200");
  EXPECT_TRUE(client.responses[stream].body.empty());
  EXPECT_EQ(client.responses[stream].error, 0U);
}

TEST_F(Http2Test, TellsTheGuestOfAClientThatGoesAway) {
  engine_.serve = [](cage::FakeGuest& guest) { return guest.pending(); };
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("GET"));
  talk(client, socket, [&] { return counters_in_flight() > 0; });

  client.cancel(stream);
  talk(client, socket, [&] { return client.responses[stream].closed; });
  turns(5);

  EXPECT_EQ(counters().responses[0].value(), 1U);
}

TEST_F(Http2Test, ResetsAStreamWhoseGuestFailsAfterItsHead) {
  engine_.serve = [](cage::FakeGuest& guest) {
    static_cast<void>(guest.host.respond(200, {}));
    guest.host.write_body("half");
    return guest.fault(cage::GuestFault::Trap, "unreachable");
  };
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("GET"));

  talk_until_closed(client, socket, stream);

  EXPECT_FALSE(client.responses[stream].ended);
  EXPECT_EQ(client.responses[stream].error, 2U);  // INTERNAL_ERROR
}

TEST_F(Http2Test, AnswersWhatTheEdgeRefusesWithAStatus) {
  settings_.http.body_max = Bytes{1'000};
  engine_.serve = echo;
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t nowhere = client.request(fields_of("GET", "/elsewhere"));
  FieldPairs large = fields_of("POST");
  large.emplace_back("content-length", "1001");
  const std::int32_t announced = client.request(large, std::string(1'001, 'x'));
  const std::int32_t grown = client.request(fields_of("POST"), std::string(1'001, 'x'));
  const std::int32_t connect_stream =
      client.request({{":method", "CONNECT"}, {":authority", "a:1"}});
  for (const std::int32_t stream : {nowhere, announced, grown, connect_stream}) {
    talk_until_closed(client, socket, stream);
  }

  EXPECT_EQ(client.responses[nowhere].field(":status"), "404");
  EXPECT_EQ(client.responses[announced].field(":status"), "413");
  EXPECT_TRUE(client.responses[grown].field(":status") == "413" ||
              client.responses[grown].error != 0);
  EXPECT_EQ(client.responses[connect_stream].field(":status"), "501");
}

TEST_F(Http2Test, AnswersAboutItselfWhereNoSiteIsAsked) {
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("OPTIONS", "*"));
  talk_until_closed(client, socket, stream);
  EXPECT_EQ(client.responses[stream].field(":status"), "204");
  EXPECT_TRUE(client.responses[stream].field("allow").contains("OPTIONS"));
}

TEST_F(Http2Test, EndsInTwoStepsWhenTheServerGoesAway) {
  engine_.serve = [this](cage::FakeGuest& guest) {
    return may_answer_ ? guest.answer("hello") : guest.yielded(std::chrono::microseconds(10));
  };
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  const std::int32_t stream = client.request(fields_of("GET"));
  talk(client, socket, [&] { return counters_in_flight() > 0; });

  send(DrainCore{.deadline = reactor_->now() + std::chrono::seconds(30)});
  talk(client, socket, [&] { return !client.goaways.empty(); });
  ASSERT_FALSE(client.goaways.empty());
  EXPECT_EQ(client.goaways[0], (std::pair<std::int32_t, std::uint32_t>{0x7fff'ffff, 0}));

  may_answer_ = true;
  talk_until_closed(client, socket, stream);
  EXPECT_EQ(client.responses[stream].body, "hello");
}

TEST_F(Http2Test, CountsWhatNoGoodClientDoes) {
  start();
  const io::UniqueFd socket = connect();
  std::string flood(http2::kPreface);
  flood += http2::settings();
  for (int i = 0; i < 100; ++i) flood += http2::settings();
  say(socket, flood);

  hear(socket, [](const std::string&) { return false; });

  EXPECT_EQ(counters_.http2_offences[std::to_underlying(http2::Offence::Settings)].value(), 1U);
  const std::string log = logged();
  EXPECT_TRUE(log.contains("\"event\":\"abuse\"")) << log;
  EXPECT_TRUE(log.contains(R"("kind":"settings","client":"127.0.0.1","protocol":"h2")")) << log;
}

}  // namespace
}  // namespace pear::data

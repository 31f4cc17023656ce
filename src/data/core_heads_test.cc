// Heads and trailers of any size that the limits allow, by each protocol; what they forbid is 502.
#include <string>
#include <vector>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "data/http3_fixture.h"
#include "http/http2/test_client.h"

namespace pear::data {
namespace {

using http2::TestClient;

// Fields of a guest: `count` of them, with values of so many bytes.
struct GuestFields {
  GuestFields(std::size_t count, std::size_t value_bytes) : value(value_bytes, 'v') {
    for (std::size_t i = 0; i < count; ++i) list.push_back({"x-note", value});
  }
  std::string value;
  std::vector<http::Field> list;
};

// Answers with the fields as its head, or as its trailers.
cage::FakeSlice answer_with_head(const GuestFields& fields) {
  return [&fields](cage::FakeGuest& guest) {
    if (!guest.host.respond(200, fields.list)) {
      return guest.fault(cage::GuestFault::Limit, "no room for the head");
    }
    guest.host.write_body("hello");
    guest.host.finish_body({});
    return guest.idle();
  };
}
cage::FakeSlice answer_with_trailers(const GuestFields& fields) {
  return [&fields](cage::FakeGuest& guest) {
    if (guest.slices == 1) {
      static_cast<void>(guest.host.respond(200, {}));
      guest.host.write_body("hello");
      return guest.yielded(std::chrono::microseconds(3));
    }
    guest.host.finish_body(fields.list);
    return guest.idle();
  };
}

std::size_t count_of(std::string_view text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

struct Size {
  std::size_t count;
  std::size_t bytes;
};
constexpr std::array kSizes{Size{600, 110}, Size{1, 70'000}, Size{100, 40'000}, Size{20'000, 30}};

class HeadsTest : public CoreTest {};

TEST_F(HeadsTest, OfAnySizeGoOutByHttp1) {
  start();
  for (const Size& size : kSizes) {
    const GuestFields fields(size.count, size.bytes);
    engine_.serve = answer_with_head(fields);
    const io::UniqueFd client = connect();
    for (int i = 0; i < 2; ++i) {
      say(client, kGet);
      const std::string heard = hear_body(client, "hello");
      ASSERT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << size.bytes;
      EXPECT_EQ(count_of(heard, "\r\nx-note: " + fields.value + "\r\n"), size.count);
      EXPECT_EQ(count_of(heard, "\r\ncontent-length: 5\r\n"), 1U);
      EXPECT_EQ(count_of(heard, "\r\n\r\n"), 1U);
    }
  }
}

TEST_F(HeadsTest, OfAnySizeWaitForASlowClientOfHttp1) {
  const GuestFields fields(40, 500'000);
  engine_.serve = answer_with_head(fields);
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  turns(300);

  const std::string heard = hear_body(client, "hello");
  EXPECT_EQ(count_of(heard, "\r\nx-note: " + fields.value + "\r\n"), 40U);
  EXPECT_TRUE(heard.ends_with("\r\n\r\nhello"));
}

TEST_F(HeadsTest, GoOnForASlowClientWhileTheBodyIsNotThere) {
  const GuestFields fields(40, 500'000);
  bool may_end = false;
  engine_.serve = [&](cage::FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, fields.list));
    if (!may_end) return guest.yielded(std::chrono::microseconds(3));
    guest.host.write_body("hello");
    guest.host.finish_body({});
    return guest.idle();
  };
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  turns(300);

  const std::string heard = hear_body(client, "\r\n\r\n");
  EXPECT_EQ(count_of(heard, "\r\nx-note: " + fields.value + "\r\n"), 40U);
  may_end = true;
  EXPECT_EQ(hear_body(client, "0\r\n\r\n"), "5\r\nhello\r\n0\r\n\r\n");
}

TEST_F(HeadsTest, TrailersOfAnySizeGoOutByHttp1) {
  start();
  for (const Size& size : kSizes) {
    const GuestFields fields(size.count, size.bytes);
    engine_.serve = answer_with_trailers(fields);
    const io::UniqueFd client = connect();
    for (int i = 0; i < 2; ++i) {
      say(client, kGet);
      const std::string heard = hear(client, [](const std::string& so_far) {
        return so_far.contains("0\r\nx-note") && so_far.ends_with("\r\n\r\n");
      });
      EXPECT_EQ(count_of(heard, "x-note: " + fields.value + "\r\n"), size.count) << size.bytes;
      EXPECT_TRUE(heard.contains("\r\n\r\n5\r\nhello\r\n0\r\nx-note: v"));
    }
  }
}

TEST_F(HeadsTest, ForWhichTheCageHasNoMemoryAre502) {
  const GuestFields fields(3, 500'000);
  engine_.serve = answer_with_head(fields);
  site_.limits.memory = 1_MiB;
  settings_.log.access = true;
  start();
  const std::string heard = ask(kGet, "never");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 502 Bad Gateway\r\n")) << heard.substr(0, 200);
  EXPECT_TRUE(heard.contains("proxy-status: pear; error=http_response_header_section_size\r\n"));
  EXPECT_TRUE(heard.contains("id 0"));
  const auto faults = take_events<CageFaulted>();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].reason, "no room for the head");
  EXPECT_TRUE(logged().contains(R"("status":502)"));
}

TEST_F(HeadsTest, ArePaidByTheCageUntilTheyAreSent) {
  const GuestFields fields(3, 300'000);
  engine_.serve = answer_with_head(fields);
  site_.limits.memory = 1_MiB;
  start();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 OK\r\n")) << i;
  }
}

TEST_F(HeadsTest, TrailersForWhichTheCageHasNoMemoryCutTheResponse) {
  const GuestFields fields(3, 500'000);
  engine_.serve = answer_with_trailers(fields);
  site_.limits.memory = 1_MiB;
  start();
  EXPECT_TRUE(ask(kGet, "never").ends_with("5\r\nhello\r\n<end>"));
  const auto faults = take_events<CageFaulted>();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_TRUE(faults[0].reason.contains("limits.memory")) << faults[0].reason;
}

TEST_F(HeadsTest, AResponseBeyondItsLimitIsNeverGivenOutAsWhole) {
  engine_.serve = [](cage::FakeGuest& guest) { return guest.answer(std::string(5'000, 'x')); };
  site_.limits.response_max = 4_KiB;
  start();
  const std::string heard = ask(kGet, "never");
  EXPECT_FALSE(heard.ends_with("0\r\n\r\n")) << heard;
  EXPECT_EQ(take_events<CageFaulted>().size(), 1U);
}

class Http2HeadsTest : public CoreTest {
 protected:
  TestClient::Response& ask_http2(TestClient& client, const io::UniqueFd& socket) {
    const std::int32_t stream = client.request(
        {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/site/"}});
    std::array<char, 65'536> buffer{};
    for (int quiet = 0; quiet < 2'000 && !client.responses[stream].closed; ++quiet) {
      const std::string said = client.take_output();
      if (!said.empty()) say(socket, said);
      turns(1);
      const io::Transfer got = io::receive(socket.get(), buffer);
      if (got.status != io::Transfer::Status::Done) continue;
      EXPECT_TRUE(client.give({buffer.data(), got.bytes}));
      quiet = 0;
    }
    return client.responses[stream];
  }
  static std::size_t notes(const TestClient::Response& response, const std::string& value) {
    return static_cast<std::size_t>(
        std::ranges::count(response.fields, std::pair(std::string("x-note"), value)));
  }
};

TEST_F(Http2HeadsTest, OfAnySizeGoOut) {
  start();
  for (const bool as_trailers : {false, true}) {
    const io::UniqueFd socket = connect();
    TestClient client;
    // nghttp2, as a client, takes no field of more than 64 KiB.
    for (const Size& size : {Size{600, 110}, Size{100, 40'000}, Size{20'000, 30}}) {
      const GuestFields fields(size.count, size.bytes);
      engine_.serve = as_trailers ? answer_with_trailers(fields) : answer_with_head(fields);
      const auto& response = ask_http2(client, socket);
      EXPECT_EQ(response.field(":status"), "200");
      EXPECT_EQ(notes(response, fields.value), size.count) << size.bytes;
      EXPECT_EQ(response.body, "hello");
      EXPECT_TRUE(response.ended);
      EXPECT_EQ(response.error, 0U);
    }
  }
}

TEST_F(Http2HeadsTest, ThatAreMoreThanTheClientTakesAre502) {
  const GuestFields fields(10, 100);
  engine_.serve = answer_with_head(fields);
  settings_.log.access = true;
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  client.set(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 1'400);
  EXPECT_EQ(ask_http2(client, socket).field(":status"), "502");
  client.set(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 1'600);
  EXPECT_EQ(ask_http2(client, socket).field(":status"), "200");
  const std::string log = logged();
  EXPECT_TRUE(log.contains(R"("event":"response_too_large")")) << log;
  EXPECT_TRUE(log.contains(R"("limit":1400)")) << log;
}

TEST_F(Http2HeadsTest, TrailersThatAreMoreThanTheClientTakesCutTheResponse) {
  const GuestFields fields(10, 100);
  engine_.serve = answer_with_trailers(fields);
  start();
  const io::UniqueFd socket = connect();
  TestClient client;
  client.set(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 1'300);
  const auto& response = ask_http2(client, socket);
  EXPECT_EQ(response.field(":status"), "200");
  EXPECT_FALSE(response.ended);
  EXPECT_NE(response.error, 0U);
}

class Http3HeadsTest : public Http3Test {
 protected:
  Http3TestClient::Response& ask_http3(const http3::TransportOptions& options) {
    client_ = std::make_unique<Http3TestClient>(quic_address_, nullptr, "example.com", options);
    EXPECT_TRUE(until(*client_, [&] { return client_->ready(); }));
    until(*client_, [&, quiet = 0]() mutable { return ++quiet > 20; });  // SETTINGS have come.
    const auto stream = client_->request(Http3TestClient::get("/site/"));
    auto& response = client_->response(stream);
    for (int i = 0; i < 40 && !response.ended && response.reset == 0; ++i) {
      until(*client_, [&] { return response.ended || response.reset != 0; });
    }
    return response;
  }
  static std::size_t notes(const Http3TestClient::Response& response, const std::string& value) {
    return static_cast<std::size_t>(
        std::ranges::count(response.fields, std::pair(std::string("x-note"), value)));
  }

  std::unique_ptr<Http3TestClient> client_;
};

constexpr std::uint64_t kNoLimit = (1ULL << 62U) - 1;

TEST_F(Http3HeadsTest, OfAnySizeGoOut) {
  start_quic();
  for (const bool as_trailers : {false, true}) {
    for (const Size& size : {Size{600, 110}, Size{1, 70'000}, Size{20, 40'000}, Size{20'000, 30}}) {
      const GuestFields fields(size.count, size.bytes);
      engine_.serve = as_trailers ? answer_with_trailers(fields) : answer_with_head(fields);
      const auto& response = ask_http3({.field_section_max = kNoLimit});
      EXPECT_EQ(response.status(), "200");
      EXPECT_EQ(notes(response, fields.value), size.count) << size.bytes;
      EXPECT_EQ(response.body, "hello");
      EXPECT_TRUE(response.ended);
    }
  }
}

// A window that no head fits in, and that is opened as it is read.
TEST_F(Http3HeadsTest, GoOutByWindowsOfAnySize) {
  const GuestFields fields(30, 110);
  engine_.serve = answer_with_head(fields);
  start_quic();
  const auto& response = ask_http3(
      {.stream_window = 1'000, .connection_window = 2'000, .field_section_max = kNoLimit});
  EXPECT_EQ(response.status(), "200");
  EXPECT_EQ(notes(response, fields.value), 30U);
  EXPECT_EQ(response.body, "hello");
}

TEST_F(Http3HeadsTest, InterimOnesOfAnySizeGoOutToo) {
  const GuestFields hints(600, 110);
  const GuestFields fields(300, 110);
  site_.run.informational = true;
  engine_.serve = [&](cage::FakeGuest& guest) {
    EXPECT_TRUE(guest.host.inform(103, hints.list));
    static_cast<void>(guest.host.respond(200, fields.list));
    guest.host.write_body(std::string(50'000, 'b'));
    guest.host.finish_body({});
    return guest.idle();
  };
  start_quic();
  const auto& response = ask_http3({.field_section_max = kNoLimit});
  EXPECT_EQ(response.fields.front().second, "103");
  EXPECT_EQ(notes(response, fields.value), 900U);
  EXPECT_EQ(response.body, std::string(50'000, 'b'));
  EXPECT_TRUE(response.ended);
}

TEST_F(Http3HeadsTest, ThatAreMoreThanTheClientTakesAre502) {
  const GuestFields fields(10, 100);
  engine_.serve = answer_with_head(fields);
  start_quic();
  EXPECT_EQ(ask_http3({.field_section_max = 1'400}).status(), "502");
  EXPECT_EQ(ask_http3({.field_section_max = 1'700}).status(), "200");
}

TEST_F(Http3HeadsTest, AreNotTakenBackForABodyThatEndsShort) {
  engine_.serve = [](cage::FakeGuest& guest) {
    return guest.slices == 1 ? (static_cast<void>(guest.host.respond(200, {})),
                                guest.host.write_body(std::string(200'000, 'x')), guest.pending())
                             : (guest.host.finish_body({}), guest.idle());
  };
  start_quic();
  auto client = connected();
  auto fields = Http3TestClient::get("/site/");
  fields[0].value = "POST";
  fields.push_back({"content-length", "1000"});
  const auto stream = client->request(fields, http3::Transport::End::Follows);
  auto& response = client->response(stream);
  EXPECT_TRUE(until(*client, [&] { return !response.fields.empty(); }));
  static_cast<void>(client->transport().send_body(stream, "short", http3::Transport::End::Here));
  EXPECT_TRUE(until(*client, [&] { return response.ended || response.reset != 0; }));
  EXPECT_EQ(response.reset, 0U);
  EXPECT_EQ(response.body.size(), 200'000U);
}

}  // namespace
}  // namespace pear::data

// Bodies in small pieces: however small they are, they share chunks, and what limits a body counts
// its bytes.
#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/path_fixture.h"

namespace pear::data {
namespace {

using cage::BodyRead;
using cage::FakeGuest;
using cage::Guest;
using std::chrono::milliseconds;

// Chunks that so many bytes of one body may take.
constexpr std::size_t chunks_for(std::size_t bytes) {
  return bytes / BodyChunk::kBytes + BodyChunk::kPartsOut + 1;
}

// Byte number `i` of a body that shows what is lost or changes places.
constexpr char byte_at(std::size_t i) {
  return static_cast<char>('a' + i * 7 % 23);
}

class PiecesTest : public PathTest {
 protected:
  // The next `bytes` of the request's body.
  void send(Client& client, std::size_t bytes) {
    std::string piece(bytes, '\0');
    for (char& c : piece) c = byte_at(sent_++);
    path_->body(*client.exchange, piece);
  }
  [[nodiscard]] static bool is_intact(std::string_view body) {
    for (std::size_t i = 0; i < body.size(); ++i) {
      if (body[i] != byte_at(i)) return false;
    }
    return true;
  }

  std::size_t sent_ = 0;
};

TEST_F(PiecesTest, OfARequestShareChunksAndFillItsBufferByTheByte) {
  std::string got;
  bool reads = false;
  engine_.serve = [&](FakeGuest& guest) {
    for (std::string_view bytes; reads;) {
      const BodyRead read = guest.host.read_body(1'000, &bytes);
      if (read == BodyRead::End) return guest.answer("all of it");
      if (read == BodyRead::Pending) return guest.pending();
      got += bytes;
    }
    guest.host.wake_at(engine_.clock + milliseconds(1));
    return guest.pending();
  };
  start();
  Client& client = ask("/", "192.0.2.1", true);
  settle();
  const std::size_t most = settings_.http.request_buffer.count;
  while (path_->wants_body(*client.exchange)) {
    send(client, 1);
    ASSERT_LE(chunks_.lent(), chunks_for(sent_)) << sent_;
  }
  EXPECT_EQ(sent_, most);

  reads = true;
  pass(milliseconds(2));
  EXPECT_TRUE(path_->wants_body(*client.exchange));
  send(client, 5);
  path_->body_end(*client.exchange);
  pass(milliseconds(2));
  EXPECT_EQ(client.body, "all of it");
  EXPECT_EQ(got.size(), most + 5);
  EXPECT_TRUE(is_intact(got));
  EXPECT_EQ(chunks_.lent(), 0U);
}

TEST_F(PiecesTest, OfARequestAreNotLate) {
  std::string got;
  engine_.serve = [&](FakeGuest& guest) {
    for (std::string_view bytes;;) {
      const BodyRead read = guest.host.read_body(1'000, &bytes);
      if (read == BodyRead::End) return guest.answer("all of it");
      if (read == BodyRead::Pending) return guest.pending();
      got += bytes;
    }
  };
  start();
  Client& client = ask("/", "192.0.2.1", true);
  settle();
  for (int i = 1; i <= 100; ++i) {
    send(client, 1);
    settle();
    ASSERT_EQ(got.size(), i);
  }
}

TEST_F(PiecesTest, OfAResponseShareChunksAndFillItsBufferByTheByte) {
  constexpr std::size_t kMore = 1'000;
  const std::size_t most = settings_.http.response_buffer.count;
  std::size_t written = 0;
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    if (written == most + kMore) {
      guest.host.finish_body({});
      return guest.idle();
    }
    if (guest.host.body_window() == 0) return guest.pending();
    const char byte = byte_at(written++);
    guest.host.write_body({&byte, 1});
    return guest.yielded(std::chrono::nanoseconds(1));
  };
  start();
  Client& client = ask("/");
  client.stands = true;
  settle();
  EXPECT_EQ(written, most) << "the guest waits for its client by bytes, not by pieces";
  EXPECT_LE(chunks_.lent(), chunks_for(written));

  client.stands = false;
  client.take(most);
  settle();
  EXPECT_TRUE(client.complete);
  EXPECT_EQ(client.body.size(), most + kMore);
  EXPECT_TRUE(is_intact(client.body));
  EXPECT_EQ(chunks_.lent(), 0U);
}

TEST_F(PiecesTest, OfAResponseAreNotLate) {
  std::size_t written = 0;
  MonotonicTime due{};
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    if (engine_.clock >= due) {
      const char byte = byte_at(written++);
      guest.host.write_body({&byte, 1});
      due = engine_.clock + milliseconds(10);
    }
    guest.host.wake_at(due);
    return guest.pending();
  };
  start();
  Client& client = ask("/");
  settle();
  for (std::size_t i = 1; i <= 50; ++i) {
    ASSERT_EQ(client.body.size(), written);
    pass(milliseconds(11));
    ASSERT_GE(written, i);
  }
}

// Any pieces, any pauses, both ways at once: nothing is lost, nothing waits for ever, and chunks
// are bounded by the bytes.
TEST_F(PiecesTest, OfAnySizeGoBothWays) {
  std::mt19937 random;
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto size = [&] { return 1 + below(std::size_t{1} << below(15)); };
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    for (std::size_t left = 1 + below(40); left > 0; --left) {
      const std::uint64_t window = guest.host.body_window();
      if (window == 0 || window == cage::GuestHost::kClientGone) return guest.pending();
      std::string_view bytes;
      const BodyRead read = guest.host.read_body(std::min<std::uint64_t>(window, size()), &bytes);
      if (read == BodyRead::Pending) return guest.pending();
      if (read == BodyRead::End) {
        guest.host.finish_body({});
        return guest.idle();
      }
      guest.host.write_body(bytes);
    }
    return guest.yielded(std::chrono::nanoseconds(1));
  };
  start();
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    random.seed(seed);
    sent_ = 0;
    Client& client = ask("/", "192.0.2.1", true);
    client.stands = true;
    settle();
    const std::size_t piece = size();
    const std::size_t total = below(200 * piece);
    for (int rounds = 0; !client.complete && rounds < 100'000; ++rounds) {
      while (sent_ < total && path_->wants_body(*client.exchange) && below(8) != 0) {
        send(client, std::min(total - sent_, 1 + below(piece)));
      }
      if (sent_ == total) path_->body_end(*client.exchange);
      settle();
      const std::size_t on_its_way = sent_ - client.body.size();
      ASSERT_LE(chunks_.lent(), 2 * chunks_for(0) + on_its_way / BodyChunk::kBytes + 1);
      client.take(piece);
      if (client.complete) client.stands = false;
    }
    ASSERT_TRUE(client.complete);
    client.take(total);
    EXPECT_EQ(client.body.size(), total);
    EXPECT_TRUE(is_intact(client.body));
    client.leave();
    settle();
    EXPECT_EQ(chunks_.lent(), 0U);
    forget_clients_that_left();
  }
}

}  // namespace
}  // namespace pear::data

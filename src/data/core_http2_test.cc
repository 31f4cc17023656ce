// HTTP/2 through a whole core: real sockets, real frames.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "http/http2/preface.h"

namespace pear::data {
namespace {

class Http2Test : public CoreTest {
 protected:
  static std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                           std::string_view payload) {
    const auto byte = [](std::size_t value, unsigned shift) {
      return static_cast<char>((value >> shift) & 0xFFU);
    };
    std::string out{byte(payload.size(), 16), byte(payload.size(), 8), byte(payload.size(), 0),
                    static_cast<char>(type),  static_cast<char>(flags)};
    for (const unsigned shift : {24U, 16U, 8U, 0U}) out += byte(stream, shift);
    return out.append(payload);
  }
  static std::string literal(std::string_view name, std::string_view value) {
    std::string out(1, '\0');
    out += static_cast<char>(name.size());
    out += name;
    out += static_cast<char>(value.size());
    return out.append(value);
  }
  static std::string opening() { return std::string(http2::kPreface) + frame(4, 0, 0, ""); }
  static std::string get(std::uint32_t stream) {
    return frame(1, 0x5, stream,
                 literal(":method", "GET") + literal(":scheme", "http") +
                     literal(":authority", "a") + literal(":path", "/site/"));
  }
};

TEST_F(Http2Test, IsSpokenWhereAClientBeginsWithIt) {
  start();
  const io::UniqueFd client = connect();
  say(client, opening() + get(1));

  const std::string heard =
      hear(client, [](const std::string& got) { return got.find("hello") != std::string::npos; });

  EXPECT_NE(heard.find("hello"), std::string::npos);
  EXPECT_EQ(counters().responses[2].value(), 1U);
}

TEST_F(Http2Test, IsRecognisedHoweverItsFirstBytesArrive) {
  start();
  const io::UniqueFd client = connect();
  for (const char byte : opening() + get(1)) say(client, {&byte, 1});

  const std::string heard =
      hear(client, [](const std::string& got) { return got.find("hello") != std::string::npos; });

  EXPECT_NE(heard.find("hello"), std::string::npos);
}

}  // namespace
}  // namespace pear::data

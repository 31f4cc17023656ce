#include "http/http1/differential/both_parsers.h"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pear::http1 {
namespace {

using namespace std::string_view_literals;

constexpr auto kSound = std::to_array<std::string_view>({
    "GET /a?b=c HTTP/1.1\r\nHost: Example.test\r\nX: a \t\r\nY:\r\n\r\nnext",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhellonext",
    "POST /x HTTP/1.0\r\nContent-Length: 0\r\n\r\nnext",
    "PUT http://a/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: z\r\n\r\nnext",
    "\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
});

TEST(BothParsers, ReadSoundRequestsAlike) {
  for (const std::string_view text : kSound) {
    const auto pear = read_by_pear(text);
    const auto llhttp = read_by_llhttp(text);

    ASSERT_TRUE(pear) << text;
    ASSERT_TRUE(llhttp) << text;
    EXPECT_EQ(pear->method, llhttp->method);
    EXPECT_EQ(pear->target, llhttp->target);
    EXPECT_EQ(pear->minor_version, llhttp->minor_version);
    EXPECT_EQ(pear->fields, llhttp->fields);
    EXPECT_EQ(pear->chunked, llhttp->chunked);
    EXPECT_EQ(pear->body, llhttp->body);
    EXPECT_EQ(pear->trailers, llhttp->trailers);
    EXPECT_EQ(pear->bytes, llhttp->bytes) << text;
  }
}

TEST(BothParsers, NeverReadAMutatedRequestDifferently) {
  std::size_t both = 0;
  for (const std::string_view sound : kSound) {
    for (std::size_t at = 0; at < sound.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string replaced(sound);
        replaced[at] = static_cast<char>(byte);
        std::string inserted(sound);
        inserted.insert(at, 1, static_cast<char>(byte));

        EXPECT_FALSE(parsers_disagree(replaced)) << testing::PrintToString(replaced);
        EXPECT_FALSE(parsers_disagree(inserted)) << testing::PrintToString(inserted);
        both += read_by_pear(inserted) && read_by_llhttp(inserted) ? 1U : 0U;
      }
    }
  }
  EXPECT_GT(both, 1'000U) << "the comparison compares nothing";
}

}  // namespace
}  // namespace pear::http1

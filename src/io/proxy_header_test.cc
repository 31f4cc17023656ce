#include "io/proxy_header.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pear::io {
namespace {

using Progress = ProxyHeaderParser::Progress;

constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};

std::string binary(int version_command, int family, std::string_view rest) {
  std::string header(kSignature);
  header += static_cast<char>(version_command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8U);
  header += static_cast<char>(rest.size() & 0xFFU);
  return header + std::string(rest);
}
// 192.0.2.7:40000 → 198.51.100.1:443
constexpr std::string_view kIpv4{"\xC0\x00\x02\x07\xC6\x33\x64\x01\x9C\x40\x01\xBB", 12};

struct Outcome {
  Progress progress{};
  std::size_t consumed = 0;
  std::string source;
  bool operator==(const Outcome&) const = default;
};
void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << static_cast<int>(outcome.progress) << " " << outcome.consumed << " " << outcome.source;
}
Outcome read(std::string_view bytes) {
  ProxyHeaderParser parser;
  const Progress progress = parser.parse(bytes);
  return {.progress = progress,
          .consumed = progress == Progress::Done ? parser.consumed() : 0,
          .source = parser.source().to_string()};
}
const Outcome kMalformed{.progress = Progress::Malformed, .source = "unknown"};

TEST(ProxyHeader, NamesTheClientInTextForm) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\nGET / HTTP/1.1\r\n"),
            (Outcome{Progress::Done, 45, "192.0.2.7:40000"}));
  EXPECT_EQ(read("PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n"),
            (Outcome{Progress::Done, 44, "[2001:db8::7]:0"}));
}

TEST(ProxyHeader, NamesNobodyWhereTheTextFormSaysUnknown) {
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), (Outcome{Progress::Done, 15, "unknown"}));
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 what ever\r\nx"), (Outcome{Progress::Done, 33, "unknown"}));
}

TEST(ProxyHeader, RefusesTextThatIsNearlyRight) {
  for (const auto* text :
       {"GET / HTTP/1.1\r\n", "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY\r\n", "PROXY \r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n",
        "PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", "PROXY TCP4 ::1 ::2 1 2\r\n",
        "PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n",
        "PROXY TCP4 1.1.1.1\r2.2.2.2 1 2\r\n", "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n",
        "PROXY UNKNOWNX\r\n"}) {
    EXPECT_EQ(read(text), kMalformed) << text;
  }
}

TEST(ProxyHeader, BoundsTheTextForm) {
  const std::string line = "PROXY UNKNOWN ";
  const std::string longest = line + std::string(107 - line.size() - 2, 'x') + "\r\n";
  const std::string longer = line + std::string(108 - line.size() - 2, 'x') + "\r\n";

  EXPECT_EQ(read(longest), (Outcome{Progress::Done, 107, "unknown"}));
  EXPECT_EQ(read(longer), kMalformed);
}

TEST(ProxyHeader, NamesTheClientInBinaryForm) {
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4) + "GET"),
            (Outcome{Progress::Done, 28, "192.0.2.7:40000"}));
  const std::string ipv6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x07" +
                           std::string(16, '\1') + std::string("\x12\x34\x00\x50", 4);
  EXPECT_EQ(read(binary(0x21, 0x21, ipv6)), (Outcome{Progress::Done, 52, "[2001:db8::7]:4660"}));
}

TEST(ProxyHeader, SkipsWhatFollowsTheAddresses) {
  const std::string with_tlvs = std::string(kIpv4) + "\x01\x00\x02h2\x04\x00\x03\0\0\0garbage";

  EXPECT_EQ(read(binary(0x21, 0x11, with_tlvs) + "next"),
            (Outcome{Progress::Done, 16 + with_tlvs.size(), "192.0.2.7:40000"}));
}

TEST(ProxyHeader, NamesNobodyWhereTheProxySpeaksForItselfOrForNoIpAddress) {
  EXPECT_EQ(read(binary(0x20, 0x00, "")), (Outcome{Progress::Done, 16, "unknown"}));
  EXPECT_EQ(read(binary(0x20, 0x11, kIpv4)), (Outcome{Progress::Done, 28, "unknown"}));
  EXPECT_EQ(read(binary(0x20, 0x77, "xyz")), (Outcome{Progress::Done, 19, "unknown"}));
  EXPECT_EQ(read(binary(0x21, 0x00, "xyz") + "more"), (Outcome{Progress::Done, 19, "unknown"}));
  EXPECT_EQ(read(binary(0x21, 0x31, std::string(216, 'p'))),
            (Outcome{Progress::Done, 232, "unknown"}));
}

TEST(ProxyHeader, RefusesABinaryFormThatIsNearlyRight) {
  EXPECT_EQ(read(binary(0x11, 0x11, kIpv4)), kMalformed);  // Version 1 has no binary form.
  EXPECT_EQ(read(binary(0x31, 0x11, kIpv4)), kMalformed);
  EXPECT_EQ(read(binary(0x22, 0x11, kIpv4)), kMalformed);  // No such command.
  EXPECT_EQ(read(binary(0x21, 0x13, kIpv4)), kMalformed);  // No such transport,
  EXPECT_EQ(read(binary(0x21, 0x41, kIpv4)), kMalformed);  // and no such family.
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4.substr(1))), kMalformed);
  EXPECT_EQ(read(binary(0x21, 0x21, std::string(35, '\1'))), kMalformed);
  EXPECT_EQ(read(binary(0x21, 0x31, std::string(215, '\1'))), kMalformed);
}

TEST(ProxyHeader, BoundsTheBinaryForm) {
  const std::string rest(ProxyHeaderParser::kBinaryBytesMax - 16, '\1');

  EXPECT_EQ(read(binary(0x21, 0x11, rest)).progress, Progress::Done);
  EXPECT_EQ(read(binary(0x21, 0x11, rest + "x")).progress, Progress::Malformed);
}

TEST(ProxyHeader, RefusesAtTheFirstByteThatNoHeaderHas) {
  EXPECT_EQ(read("\x16\x03\x01").progress, Progress::Malformed);  // TLS.
  EXPECT_EQ(read("PRI").progress, Progress::Malformed);           // HTTP/2.
  EXPECT_EQ(read("P").progress, Progress::NeedMore);
  EXPECT_EQ(read("\r\n\r\n").progress, Progress::NeedMore);
}

TEST(ProxyHeader, IsReadByteByByteAndNeverPastItsEnd) {
  for (const std::string& header :
       {std::string("PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n"), binary(0x21, 0x11, kIpv4),
        binary(0x21, 0x11, std::string(kIpv4) + "tlvs")}) {
    ProxyHeaderParser parser;
    for (std::size_t i = 0; i + 1 < header.size(); ++i) {
      ASSERT_EQ(parser.parse(std::span(header).subspan(i, 1)), Progress::NeedMore) << i;
      ASSERT_EQ(parser.consumed(), 1U);
    }
    const std::string last = header.back() + std::string("GET");
    ASSERT_EQ(parser.parse(last), Progress::Done);
    EXPECT_EQ(parser.consumed(), 1U);
    EXPECT_EQ(parser.source().to_string(), "192.0.2.7:40000");
  }
}

}  // namespace
}  // namespace pear::io

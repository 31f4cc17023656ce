// Cases of conformance: what a client sends, and what it must see. For tests of ServerSession.
//
// Thread: any one.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"
#include "http/http2/server_session.h"

namespace pear::http2::conformance {

using enum ErrorCode;

// What a client must see of a case: an error of the connection, one of a stream, or none.
struct Expected {
  enum class Kind : std::uint8_t { Connection, Stream, Served } kind = Kind::Served;
  ErrorCode error = NoError;
};

inline Expected connection(ErrorCode error) {
  return {.kind = Expected::Kind::Connection, .error = error};
}
inline Expected stream(ErrorCode error) {
  return {.kind = Expected::Kind::Stream, .error = error};
}
inline Expected served() {
  return {};
}

struct Case {
  std::string name;
  std::string bytes;  // After the preface and SETTINGS.
  Expected expected;
  bool answers = true;  // The site answers at once: streams close as soon as they can.
};

inline constexpr std::uint8_t kEndStream = FrameHead::kEndStream;
inline constexpr std::uint8_t kEndHeaders = FrameHead::kEndHeaders;

inline std::string ping() {
  return raw_frame(FrameType::Ping, 0, 0, "12345678");
}
inline std::string priority(std::uint32_t stream_id, std::uint32_t depends_on) {
  return raw_frame(FrameType::Priority, 0, stream_id, big_endian(depends_on) + "\x10");
}
inline std::string request_with(const FieldPairs& more) {
  return headers(1, with(get_fields(), more));
}
inline std::string continuation(std::uint32_t stream_id, std::string_view block,
                                std::uint8_t flags = kEndHeaders) {
  return raw_frame(FrameType::Continuation, flags, stream_id, block);
}
inline std::string block_of_get() {
  return header_block(get_fields());
}
inline std::string without(std::string_view name) {
  FieldPairs fields = get_fields();
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return headers(1, fields);
}

// What the client saw.
inline Expected outcome_of(std::string_view output) {
  Expected seen;
  for (const RawFrame& frame : frames_in(output)) {
    if (frame.is(FrameType::Goaway)) {
      return connection(static_cast<ErrorCode>(frame.number_at(4)));
    }
    if (frame.is(FrameType::RstStream) && frame.number_at(0) != 0) {
      seen = stream(static_cast<ErrorCode>(frame.number_at(0)));
    }
  }
  return seen;
}

inline void expect_outcome(const Case& one, std::size_t cut_every) {
  Harness server;
  server.site.answers = one.answers;
  server.send(std::string(kPreface) + settings());
  std::string bytes = one.bytes;
  // A bar: what comes after it is sent when the answers are there.
  const std::size_t bar = one.name.starts_with("5.1 closed") ? bytes.find('|') : std::string::npos;
  if (bar != std::string::npos) {
    server.send(bytes.substr(0, bar));
    bytes.erase(0, bar + 1);
  }
  bytes += ping();
  for (std::size_t at = 0; at < bytes.size(); at += cut_every) {
    if (!server.send(bytes.substr(at, cut_every))) break;
  }
  const Expected seen = outcome_of(server.output);
  EXPECT_EQ(static_cast<int>(seen.kind), static_cast<int>(one.expected.kind))
      << one.name << ": " << to_text(seen.error);
  EXPECT_EQ(to_text(seen.error), to_text(one.expected.error)) << one.name;
  EXPECT_EQ(server.session->over(), seen.kind == Expected::Kind::Connection) << one.name;
  if (seen.kind == Expected::Kind::Connection) {
    EXPECT_EQ(std::ranges::count(server.site.offences, Offence::ProtocolError), 1) << one.name;
    return;
  }
  const auto frames = frames_in(server.output);
  const bool answered = std::ranges::any_of(frames, [](const RawFrame& frame) {
    return frame.is(FrameType::Ping) && frame.flags == 1 && frame.payload == "12345678";
  });
  EXPECT_TRUE(answered) << one.name << ": the connection does not go on";
}

inline void expect_outcomes(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    for (const std::size_t cut_every : {100'000U, 1U, 3U, 10U}) expect_outcome(one, cut_every);
  }
}

}  // namespace pear::http2::conformance

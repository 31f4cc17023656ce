// Raw frames of HTTP/2, written and read by hand: for tests that send what no client would.
//
// Source: RFC 9113, section 4.1; RFC 7541, section 6.2.2 (literals without indexing).
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http2/frame_reader.h"
#include "http/http2/preface.h"

namespace pear::http2 {

inline std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes.push_back(static_cast<char>(number >> shift & 0xffU));
  }
  return bytes;
}

inline std::string raw_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                             std::string_view payload = {}) {
  std::string bytes = big_endian(static_cast<std::uint32_t>(payload.size())).substr(1);
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(flags));
  bytes += big_endian(stream);
  bytes += payload;
  return bytes;
}

inline std::string raw_frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                             std::string_view payload = {}) {
  return raw_frame(static_cast<std::uint8_t>(type), flags, stream, payload);
}

using FieldPairs = std::vector<std::pair<std::string, std::string>>;

// A string of less than 127 bytes, or of less than 2^14.
inline std::string hpack_string(std::string_view text) {
  std::string bytes;
  if (text.size() < 127) {
    bytes.push_back(static_cast<char>(text.size()));
  } else {
    std::size_t rest = text.size() - 127;
    bytes.push_back(127);
    for (; rest >= 128; rest /= 128) bytes.push_back(static_cast<char>(128 + rest % 128));
    bytes.push_back(static_cast<char>(rest));
  }
  return bytes.append(text);
}

inline std::string header_block(const FieldPairs& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block.push_back(0);
    block += hpack_string(name) + hpack_string(value);
  }
  return block;
}

inline FieldPairs get_fields(std::string_view path = "/", std::string_view method = "GET") {
  return {{":method", std::string(method)},
          {":scheme", "https"},
          {":path", std::string(path)},
          {":authority", "a.example"}};
}

inline FieldPairs with(FieldPairs fields, const FieldPairs& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

inline std::string headers(std::uint32_t stream, const FieldPairs& fields,
                           std::uint8_t flags = FrameHead::kEndStream | FrameHead::kEndHeaders) {
  return raw_frame(FrameType::Headers, flags, stream, header_block(fields));
}

inline std::string get(std::uint32_t stream) {
  return headers(stream, get_fields());
}

inline std::string post(std::uint32_t stream, const FieldPairs& more = {}) {
  return headers(stream, with(get_fields("/", "POST"), more), FrameHead::kEndHeaders);
}

inline std::string data_frame(std::uint32_t stream, std::string_view bytes,
                              std::uint8_t flags = 0) {
  return raw_frame(FrameType::Data, flags, stream, bytes);
}

inline std::string rst_stream(std::uint32_t stream, std::uint32_t code = 8) {
  return raw_frame(FrameType::RstStream, 0, stream, big_endian(code));
}

inline std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return raw_frame(FrameType::WindowUpdate, 0, stream, big_endian(increment));
}

inline std::string settings(
    const std::vector<std::pair<std::uint16_t, std::uint32_t>>& entries = {},
    std::uint8_t flags = 0, std::uint32_t stream = 0) {
  std::string payload;
  for (const auto& [id, value] : entries) {
    payload += big_endian(id).substr(2) + big_endian(value);
  }
  return raw_frame(FrameType::Settings, flags, stream, payload);
}

inline std::string repeat(std::size_t count, std::string_view bytes) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += bytes;
  return all;
}

struct RawFrame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;

  [[nodiscard]] bool is(FrameType which) const { return type == static_cast<std::uint8_t>(which); }
  [[nodiscard]] std::uint32_t number_at(std::size_t at) const {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      number = number << 8U | static_cast<unsigned char>(payload.at(at + i));
    }
    return number;
  }
};

// What a server sent, which has no preface. A frame that is not complete is left out.
inline std::vector<RawFrame> frames_in(std::string_view bytes) {
  std::vector<RawFrame> frames;
  while (bytes.size() >= 9) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const std::size_t length = byte(0) * 65'536UL + byte(1) * 256UL + byte(2);
    if (bytes.size() < 9 + length) break;
    frames.push_back({.type = byte(3),
                      .flags = byte(4),
                      .stream = static_cast<std::uint32_t>(byte(5) << 24U | byte(6) << 16U |
                                                           byte(7) << 8U | byte(8)),
                      .payload = std::string(bytes.substr(9, length))});
    bytes.remove_prefix(9 + length);
  }
  return frames;
}

}  // namespace pear::http2

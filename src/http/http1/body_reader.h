// BodyReader: takes a body out of a connection's bytes, whatever its framing.
//
// Source:  RFC 9112, section 6.
// Thread:  core-local.
// Memory:  no allocation, no copy: data and trailers are views into the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/framing.h"
#include "http/http1/chunk_parser.h"

namespace pear::http1 {

class BodyReader {
 public:
  using Event = ChunkParser::Event;

  // `length` counts with Framing::Length. limits.body_max holds for every framing.
  BodyReader(http::Framing framing, std::uint64_t length, const ChunkLimits& limits);

  // As ChunkParser::parse. With Framing::None, and a length of 0, it is Done at once. With
  // UntilClose it is never Done: what the end of the connection means says ended_by_close().
  [[nodiscard]] Event read(std::span<char> input, std::span<http::Field> storage);

  // Whether the connection may end now without having cut the body.
  [[nodiscard]] bool ended_by_close() const { return framing_ == http::Framing::UntilClose; }

  [[nodiscard]] std::size_t consumed() const { return consumed_; }
  [[nodiscard]] std::string_view data() const { return data_; }
  [[nodiscard]] std::span<const http::Field> trailers() const { return chunks_.trailers(); }
  [[nodiscard]] const http::Refusal& refusal() const { return refusal_; }

 private:
  Event read_plain(std::span<char> input);

  http::Framing framing_;
  std::uint64_t left_;  // Of the length, or of the limit.
  bool too_long_;       // The length is beyond the limit.
  ChunkParser chunks_;
  std::size_t consumed_ = 0;
  std::string_view data_;
  http::Refusal refusal_;
};

}  // namespace pear::http1

// ChunkParser: decodes a body in the chunked transfer coding, in place.
//
//   *( chunk-size [ chunk-ext ] CRLF chunk-data CRLF ) 1*"0" [ chunk-ext ] CRLF *( field CRLF )
//   CRLF
//
// Source:  RFC 9112, section 7.1. Stricter than the RFC asks: a bare LF ends no line; no white
// space in
//          a chunk line (the RFC has it as "bad white space"); at most 16 hex digits; an extension
//          must fit the grammar and is then ignored; trailers obey the rules of http/field_rules.h.
// Thread:  core-local.
// Memory:  no allocation, no copy: data and trailers are views into the input. Trailers need their
//          section in one piece, so the caller keeps bytes that were not consumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/field.h"
#include "http/http1/field_lexer.h"
#include "http/http1/scan.h"
#include "http/refusal.h"

namespace pear::http1 {

struct ChunkLimits {
  std::uint64_t body_max = std::uint64_t{1} << 30U;  // Of data in all; past it 413.
  std::uint32_t extension_max = 1024;                // Bytes of extensions in all; past it 400.
  std::uint32_t trailer_max = 32 * 1024;             // Bytes of the trailer section; past it 431.
  std::uint32_t fields_max = 100;                    // Trailer fields; past it 431.
};

class ChunkParser {
 public:
  enum class Event : std::uint8_t {
    NeedMore,
    Data,     // data() is the next piece of the body, not empty.
    Done,     // The body is complete; trailers() are its trailers.
    Refused,  // refusal() says why. The connection cannot be used any more.
  };

  explicit ChunkParser(const ChunkLimits& limits, const Scanner& scanner = Scanner::best());

  // `input` starts with the first byte that was not consumed yet. After each call consumed() bytes
  // are done with; the views that the call gave live until the input or the storage change. Names
  // of trailers become lower case in the input. Call again with what is left until it says NeedMore
  // (then bring more bytes), Done or Refused.
  [[nodiscard]] Event parse(std::span<char> input, std::span<http::Field> storage);

  [[nodiscard]] std::size_t consumed() const { return consumed_; }
  [[nodiscard]] std::string_view data() const { return data_; }
  [[nodiscard]] std::span<const http::Field> trailers() const { return trailers_; }
  [[nodiscard]] const http::Refusal& refusal() const { return refusal_; }
  // Data in all chunks announced so far.
  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }

 private:
  enum class State : std::uint8_t {
    FirstDigit,
    Digits,
    ExtensionName,  // At its first byte.
    InExtensionName,
    ExtensionValue,  // At its first byte.
    InExtensionToken,
    InQuoted,
    QuotedPair,
    AfterQuoted,
    LineFeed,
    InData,
    DataCarriageReturn,
    DataLineFeed,
    Trailers,
    Done,
    Refused,
  };

  Event take_data(std::string_view input);
  Event take_trailers(std::span<char> input, std::span<http::Field> storage);
  bool step(char byte);
  bool step_size(char byte);
  bool step_extension(char byte);
  bool go_in_extension(State next);
  bool end_size_line();
  bool fail(http::Refusal refusal);

  const Scanner* scanner_;  // Immutable, lives as long as the program.
  ChunkLimits limits_;
  std::uint64_t chunk_left_ = 0;  // Of the current chunk: its size, then what is left of its data.
  std::uint64_t body_bytes_ = 0;
  std::uint32_t extension_bytes_ = 0;
  std::uint32_t digits_ = 0;
  State state_ = State::FirstDigit;
  const char* base_ = nullptr;  // Where the trailer section lay at the last call.
  FieldLexer lexer_;
  std::size_t consumed_ = 0;
  std::string_view data_;
  std::span<const http::Field> trailers_;
  http::Refusal refusal_;
};

}  // namespace pear::http1

#include "http/http1/chunk_parser.h"

#include <algorithm>

#include "base/assert.h"
#include "http/field_rules.h"

namespace pear::http1 {

using http::CharacterClass;
using http::Field;
using http::is_in;
using http::Refusal;

namespace {

constexpr std::uint32_t kSizeDigitsMax = 16;

}  // namespace

ChunkParser::ChunkParser(const ChunkLimits& limits, const Scanner& scanner)
    : scanner_(&scanner), limits_(limits) {}

ChunkParser::Event ChunkParser::parse(std::span<char> input, std::span<Field> storage) {
  PEAR_ASSERT(state_ != State::Done, "the body has ended; the caller lost count");
  consumed_ = 0;
  data_ = {};
  while (state_ != State::Trailers) {
    if (state_ == State::Refused) return Event::Refused;
    if (consumed_ == input.size()) return Event::NeedMore;
    if (state_ == State::InData) {
      return take_data(std::string_view(input.data(), input.size()).substr(consumed_));
    }
    if (!step(input[consumed_])) return Event::Refused;
    ++consumed_;
  }
  // What came before the trailers is consumed first, so that they start where the input starts.
  return take_trailers(input.subspan(consumed_), storage);
}

ChunkParser::Event ChunkParser::take_data(std::string_view input) {
  data_ = input.substr(0, std::min<std::uint64_t>(chunk_left_, input.size()));
  consumed_ += data_.size();
  chunk_left_ -= data_.size();
  if (chunk_left_ == 0) state_ = State::DataCarriageReturn;
  return Event::Data;
}

ChunkParser::Event ChunkParser::take_trailers(std::span<char> input, std::span<Field> storage) {
  storage = storage.first(std::min<std::size_t>(storage.size(), limits_.fields_max));
  if (base_ != nullptr && base_ != input.data()) {
    rebase_fields(storage.first(lexer_.field_count()), base_, input.data());
  }
  base_ = input.data();

  const std::size_t window = std::min<std::size_t>(input.size(), limits_.trailer_max);
  switch (lexer_.run(std::string_view(input.data(), window), storage, *scanner_)) {
    case Progress::NeedMore:
      if (window < limits_.trailer_max) return Event::NeedMore;
      fail({431, "trailers are too long"});
      return Event::Refused;
    case Progress::Refused:
      fail(lexer_.refusal());
      return Event::Refused;
    case Progress::Done:
      break;
  }
  const std::span<Field> fields = storage.first(lexer_.field_count());
  lower_names(input, fields);
  for (const Field& field : fields) {
    if (http::is_forbidden_in_trailers(field.name)) {
      fail({400, "field that may not stand in trailers"});
      return Event::Refused;
    }
  }
  trailers_ = fields;
  consumed_ += lexer_.end();
  state_ = State::Done;
  return Event::Done;
}

// One byte of what surrounds the data. False: refused.
bool ChunkParser::step(char byte) {
  switch (state_) {
    case State::FirstDigit:
    case State::Digits:
      return step_size(byte);
    case State::ExtensionName:
    case State::InExtensionName:
    case State::ExtensionValue:
    case State::InExtensionToken:
    case State::InQuoted:
    case State::QuotedPair:
    case State::AfterQuoted:
      return step_extension(byte);
    case State::LineFeed:
      if (byte != '\n') return fail({400, "CR without LF after a chunk size"});
      return end_size_line();
    case State::DataCarriageReturn:
      if (byte != '\r') return fail({400, "chunk is longer than it says"});
      state_ = State::DataLineFeed;
      return true;
    case State::DataLineFeed:
      if (byte != '\n') return fail({400, "CR without LF after a chunk"});
      state_ = State::FirstDigit;
      return true;
    case State::InData:
    case State::Trailers:
    case State::Done:
    case State::Refused:
      break;
  }
  PEAR_ASSERT(false, "parse() takes care of data, trailers and the end");
  return false;
}

bool ChunkParser::step_size(char byte) {
  const int digit = http::hex_value(byte);
  if (digit >= 0) {
    if (state_ == State::FirstDigit) {
      state_ = State::Digits;
      digits_ = 0;
      chunk_left_ = 0;
    }
    if (++digits_ > kSizeDigitsMax) return fail({400, "chunk size has too many digits"});
    chunk_left_ = (chunk_left_ << 4U) | static_cast<std::uint64_t>(digit);
    return true;
  }
  if (state_ == State::FirstDigit) return fail({400, "chunk without a size"});
  if (byte == ';') return go_in_extension(State::ExtensionName);
  if (byte == '\r') {
    state_ = State::LineFeed;
    return true;
  }
  if (byte == '\n') return fail({400, "LF without CR after a chunk size"});
  return fail({400, "chunk size is not a hex number"});
}

// *( ";" token [ "=" ( token / quoted-string ) ] ), after the first ';'.
bool ChunkParser::step_extension(char byte) {
  const bool may_end = state_ == State::InExtensionName || state_ == State::InExtensionToken ||
                       state_ == State::AfterQuoted;
  if (may_end && byte == '\r') {
    state_ = State::LineFeed;
    return true;
  }
  if (may_end && byte == ';') return go_in_extension(State::ExtensionName);

  const bool token = is_in(byte, CharacterClass::Token);
  if (state_ == State::ExtensionName && token) return go_in_extension(State::InExtensionName);
  if (state_ == State::InExtensionName) {
    if (byte == '=') return go_in_extension(State::ExtensionValue);
    if (token) return go_in_extension(State::InExtensionName);
  }
  if (state_ == State::ExtensionValue && byte == '"') return go_in_extension(State::InQuoted);
  if ((state_ == State::ExtensionValue || state_ == State::InExtensionToken) && token) {
    return go_in_extension(State::InExtensionToken);
  }
  if (state_ == State::InQuoted && byte == '"') return go_in_extension(State::AfterQuoted);
  if (state_ == State::InQuoted && byte == '\\') return go_in_extension(State::QuotedPair);
  if ((state_ == State::InQuoted || state_ == State::QuotedPair) &&
      is_in(byte, CharacterClass::FieldValue)) {
    return go_in_extension(State::InQuoted);
  }
  return fail({400, "malformed chunk extension"});
}

bool ChunkParser::go_in_extension(State next) {
  if (++extension_bytes_ > limits_.extension_max) {
    return fail({400, "chunk extensions are too long"});
  }
  state_ = next;
  return true;
}

bool ChunkParser::end_size_line() {
  if (chunk_left_ == 0) {
    state_ = State::Trailers;
    return true;
  }
  if (chunk_left_ > limits_.body_max - body_bytes_) return fail({413, "body is too long"});
  body_bytes_ += chunk_left_;
  state_ = State::InData;
  return true;
}

bool ChunkParser::fail(Refusal refusal) {
  refusal_ = refusal;
  state_ = State::Refused;
  return false;
}

}  // namespace pear::http1

// ResponseParser: reads the head of an HTTP/1.0 or HTTP/1.1 response, for clients (`pear bench`,
// tests).
//
// Source:  RFC 9112, sections 4 to 6. As strict as the request parser about lines, names, values
// and
//          framing; lenient in one way: the space before an empty reason phrase may be missing, as
//          many servers leave it out.
// Thread:  core-local.
// Memory:  no allocation. The head consists of views into the input and the storage for fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/http1/connection_fields.h"
#include "http/http1/field_lexer.h"
#include "http/http1/scan.h"
#include "http/refusal.h"
#include "http/request_head.h"

namespace pear::http1 {

// The head of a response, as it was received.
struct ReceivedHead {
  std::uint16_t status = 0;
  http::Version version = http::Version::Http11;
  std::string_view reason;
  std::span<const http::Field> fields;  // Names in lower case.
  // None where no body follows, whatever the fields say (RFC 9112, section 6.3).
  http::Framing framing = http::Framing::None;
  std::uint64_t content_length = 0;  // With Framing::Length.
  bool keep_alive = true;            // False with Framing::UntilClose, too.
};

class ResponseParser {
 public:
  // Of the limits, header_max and fields_max hold here.
  explicit ResponseParser(const http::HeadLimits& limits, const Scanner& scanner = Scanner::best());

  // Prepares for the next response, to a request with this method. A 1xx response (but 101) is
  // followed by another one to the same request. A new parser waits for a response to GET.
  void reset(http::Method request_method);

  // As RequestParser::parse. A refusal's status means nothing here: the connection is to be closed.
  [[nodiscard]] Progress parse(std::span<char> input, std::span<http::Field> storage);

  [[nodiscard]] const ReceivedHead& head() const { return head_; }
  [[nodiscard]] std::size_t consumed() const { return lexer_.end(); }
  [[nodiscard]] const http::Refusal& refusal() const { return refusal_; }

 private:
  enum class State : std::uint8_t { Start, Reason, LineFeed, Fields, Done, Refused };

  // What reads one part of the status line: NeedMore until it is there, Done when it is.
  Progress lex_status_line(std::string_view input);
  Progress lex_start(std::string_view input);
  Progress lex_reason(std::string_view input);
  Progress parse_fields(std::span<char> input, std::span<http::Field> storage);
  Progress refuse(http::Refusal refusal);
  http::Checked<void> finish(std::span<const http::Field> fields);
  http::Checked<void> finish_framing(const ConnectionFields& found);

  const Scanner* scanner_;  // Immutable, lives as long as the program.
  http::HeadLimits limits_;
  http::Method request_method_ = http::Method::Get;
  const char* base_ = nullptr;  // Where the input lay at the last call.
  std::size_t at_ = 0;
  std::size_t reason_start_ = 0;
  std::size_t reason_bytes_ = 0;
  FieldLexer lexer_;
  State state_ = State::Start;
  http::Refusal refusal_;
  ReceivedHead head_;
};

}  // namespace pear::http1

// RequestParser: reads the head of an HTTP/1.0 or HTTP/1.1 request, strictly and in place.
//
// Source:  RFC 9112, sections 2 to 7; RFC 9110, section 7.2. Where the RFC lets a server choose
// between
//          lenient and strict, this one is strict, so that nobody in front of it can read the same
//          bytes as another request: src/http/http1/README.md lists what is refused, and with what.
// Thread:  core-local.
// Memory:  no allocation. The head consists of views into the input and the storage for fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/http1/connection_fields.h"
#include "http/http1/field_lexer.h"
#include "http/http1/scan.h"
#include "http/refusal.h"
#include "http/request_head.h"

namespace pear::http1 {

class RequestParser {
 public:
  explicit RequestParser(const http::HeadLimits& limits, const Scanner& scanner = Scanner::best());

  // `input` is all that has come since the last request ended: from call to call it starts with the
  // same bytes and is as long or longer, but it may lie elsewhere. The parser looks at each byte
  // once. It writes to the input: names of fields, and host and authority, become lower case.
  //
  // `storage` receives the fields; the smaller of its size and limits.fields_max is the limit. The
  // same in every call for one request.
  //
  // Done:    head() is valid until the input or the storage change, and consumed() bytes belong to
  // it;
  //          what follows is the body or the next request. Call reset() before the next request.
  // Refused: refusal() says why. Answer and close: where the next request would start is unknown.
  [[nodiscard]] Progress parse(std::span<char> input, std::span<http::Field> storage);

  // Prepares for the next request.
  void reset();

  [[nodiscard]] const http::RequestHead& head() const { return head_; }
  [[nodiscard]] std::size_t consumed() const { return lexer_.end(); }
  [[nodiscard]] const http::Refusal& refusal() const { return refusal_; }

  // Whether a byte of a request has been seen. Tells an idle connection from one that is slow.
  [[nodiscard]] bool started() const { return at_ > 0; }

 private:
  enum class State : std::uint8_t {
    Start,
    LeadingLineFeed,
    AfterLeadingLine,
    Method,
    Target,
    Version,
    Fields,
    Done,
    Refused
  };
  enum class Step : std::uint8_t { Next, NeedMore, Refused };

  void follow_input(std::span<char> input, std::span<http::Field> storage);
  Progress parse_fields(std::span<char> input, std::span<http::Field> storage);
  Step lex_request_line(std::string_view input);
  Step lex_start(std::string_view input);
  Step lex_method(std::string_view input);
  Step lex_target(std::string_view input);
  Step lex_version(std::string_view input);
  Step refuse(http::Refusal refusal);

  http::Checked<void> finish(std::span<char> input, std::span<http::Field> fields);
  http::Checked<void> finish_target();
  bool take_plain_target();
  http::Checked<void> finish_authority(std::span<char> input, const ConnectionFields& found);
  http::Checked<void> finish_framing(const ConnectionFields& found);
  http::Checked<void> finish_connection(const ConnectionFields& found);

  const Scanner* scanner_;  // Immutable, lives as long as the program.
  http::HeadLimits limits_;
  const char* base_ = nullptr;  // Where the input lay at the last call.
  std::size_t at_ = 0;          // Next byte of the request line to look at.
  std::size_t line_start_ = 0;
  std::size_t method_bytes_ = 0;
  std::size_t target_bytes_ = 0;
  FieldLexer lexer_;
  State state_ = State::Start;
  http::Refusal refusal_;
  http::RequestHead head_;
};

}  // namespace pear::http1

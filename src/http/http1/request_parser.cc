#include "http/http1/request_parser.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "http/field_rules.h"

namespace pear::http1 {
namespace {

using http::Authority;
using http::Checked;
using http::Field;
using http::Framing;
using http::Method;
using http::Refusal;
using http::TargetForm;
using http::Version;

constexpr std::string_view kVersionLine = "HTTP/1.1\r\n";

// What a byte of the version says about it when it is not the expected one.
Refusal refusal_in_version(std::size_t index, char byte) {
  if (index == 8 && byte == '\n') return {400, "LF without CR after the request line"};
  if (index == 9) return {400, "CR without LF after the request line"};
  return {400, "malformed HTTP version"};
}

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

// Whether Host says what the target says (RFC 9112, section 3.2): letters in any case, the scheme's
// own port written or not.
bool same_authority(const Authority& a, const Authority& b, std::string_view scheme) {
  const bool same_host = std::ranges::equal(a.host, b.host, {}, http::to_lower, http::to_lower);
  const std::uint16_t port = default_port(scheme);
  return same_host && a.port.value_or(port) == b.port.value_or(port);
}

}  // namespace

RequestParser::RequestParser(const http::HeadLimits& limits, const Scanner& scanner)
    : scanner_(&scanner), limits_(limits) {}

void RequestParser::reset() {
  base_ = nullptr;
  at_ = 0;
  line_start_ = 0;
  method_bytes_ = 0;
  target_bytes_ = 0;
  lexer_.restart(0);
  state_ = State::Start;
}

Progress RequestParser::parse(std::span<char> input, std::span<Field> storage) {
  if (state_ == State::Refused) return Progress::Refused;
  PEAR_ASSERT(state_ != State::Done, "reset() comes before the next request");
  PEAR_ASSERT(at_ <= input.size(), "the input became shorter between two calls");
  storage = storage.first(std::min<std::size_t>(storage.size(), limits_.fields_max));
  follow_input(input, storage);

  const std::string_view bytes(input.data(), input.size());
  while (state_ != State::Fields) {
    switch (lex_request_line(bytes)) {
      case Step::Next:
        break;
      case Step::NeedMore:
        return Progress::NeedMore;
      case Step::Refused:
        return Progress::Refused;
    }
  }
  return parse_fields(input, storage);
}

// The input may have been moved since the last call. Positions are offsets; only fields are views.
void RequestParser::follow_input(std::span<char> input, std::span<Field> storage) {
  if (base_ != nullptr && base_ != input.data()) {
    rebase_fields(storage.first(lexer_.field_count()), base_, input.data());
  }
  base_ = input.data();
}

Progress RequestParser::parse_fields(std::span<char> input, std::span<Field> storage) {
  const std::size_t window = std::min<std::size_t>(input.size(), limits_.header_max);
  switch (lexer_.run(std::string_view(input.data(), window), storage, *scanner_)) {
    case Progress::NeedMore:
      if (window < limits_.header_max) return Progress::NeedMore;
      refuse({431, "head of the request is too long"});
      return Progress::Refused;
    case Progress::Refused:
      refuse(lexer_.refusal());
      return Progress::Refused;
    case Progress::Done:
      break;
  }
  if (const auto finished = finish(input, storage.first(lexer_.field_count())); !finished) {
    refuse(finished.error());
    return Progress::Refused;
  }
  state_ = State::Done;
  return Progress::Done;
}

RequestParser::Step RequestParser::refuse(Refusal refusal) {
  refusal_ = refusal;
  state_ = State::Refused;
  return Step::Refused;
}

// What is there of the request line. The parts see no byte beyond the limits, so that a line is
// refused for its length whether it came at once or byte by byte.
RequestParser::Step RequestParser::lex_request_line(std::string_view input) {
  const std::size_t line_limit = line_start_ + limits_.request_line_max + 2;
  const std::string_view window =
      input.substr(0, std::min<std::size_t>(line_limit, limits_.header_max));
  Step step = Step::Next;
  if (state_ < State::Method) {
    step = lex_start(window);
    // A line before moves the limit.
    if (state_ != State::Method && step == Step::Next) return step;
  }
  if (state_ == State::Method && step == Step::Next) step = lex_method(window);
  if (state_ == State::Target && step == Step::Next) step = lex_target(window);
  if (state_ == State::Version && step == Step::Next) step = lex_version(window);
  if (step != Step::NeedMore) return step;
  if (window.size() == limits_.header_max) return refuse({431, "head of the request is too long"});
  if (window.size() == line_limit) return refuse({414, "request line is too long"});
  return Step::NeedMore;
}

// One empty line may stand before the request (RFC 9112, section 2.2): old clients send it after a
// body.
RequestParser::Step RequestParser::lex_start(std::string_view input) {
  if (at_ == input.size()) return Step::NeedMore;
  const char byte = input[at_];
  if (state_ == State::LeadingLineFeed) {
    if (byte != '\n') return refuse({400, "CR without LF before the request line"});
    line_start_ = ++at_;
    state_ = State::AfterLeadingLine;
    return Step::Next;
  }
  if (byte == '\n') return refuse({400, "LF without CR before the request line"});
  if (byte == '\r') {
    if (state_ == State::AfterLeadingLine) {
      return refuse({400, "more than one empty line before the request line"});
    }
    ++at_;
    state_ = State::LeadingLineFeed;
    return Step::Next;
  }
  state_ = State::Method;
  return Step::Next;
}

RequestParser::Step RequestParser::lex_method(std::string_view input) {
  const char* const end = input.data() + input.size();
  const char* const stop = scanner_->token_end(input.data() + at_, end);
  at_ = static_cast<std::size_t>(stop - input.data());
  method_bytes_ = at_ - line_start_;
  if (method_bytes_ > http::kMethodBytesMax) return refuse({501, "method is not implemented"});
  if (stop == end) return Step::NeedMore;
  if (*stop != ' ' || method_bytes_ == 0) return refuse({400, "malformed method"});
  ++at_;
  state_ = State::Target;
  return Step::Next;
}

RequestParser::Step RequestParser::lex_target(std::string_view input) {
  const char* const end = input.data() + input.size();
  const char* const stop = scanner_->target_end(input.data() + at_, end);
  at_ = static_cast<std::size_t>(stop - input.data());
  if (stop == end) return Step::NeedMore;
  target_bytes_ = at_ - (line_start_ + method_bytes_ + 1);
  if (target_bytes_ == 0) return refuse({400, "empty request target"});
  if (*stop == '\r' || *stop == '\n') return refuse({400, "request line without a version"});
  if (*stop != ' ') return refuse({400, "byte that a request target may not contain"});
  ++at_;
  state_ = State::Version;
  return Step::Next;
}

// "HTTP/1.1" or "HTTP/1.0", and the end of the line. at_ stays at the version's start until all is
// there.
RequestParser::Step RequestParser::lex_version(std::string_view input) {
  const std::string_view got = input.substr(at_, kVersionLine.size());
  if (got == kVersionLine) [[likely]] {
    head_.version = Version::Http11;
  } else {
    const auto is_digit_place = [](std::size_t i) { return i == 5 || i == 7; };
    for (std::size_t i = 0; i < got.size(); ++i) {
      const bool fits = is_digit_place(i) ? http::is_in(got[i], http::CharacterClass::Digit)
                                          : got[i] == kVersionLine[i];
      if (!fits) return refuse(refusal_in_version(i, got[i]));
    }
    if (got.size() < kVersionLine.size()) return Step::NeedMore;
    if (got[5] != '1' || got[7] > '1') return refuse({505, "version is not HTTP/1.0 or HTTP/1.1"});
    head_.version = got[7] == '1' ? Version::Http11 : Version::Http10;
  }
  at_ += kVersionLine.size();
  lexer_.restart(at_);
  state_ = State::Fields;
  return Step::Next;
}

// All bytes are there and each line is well formed: what do they say together?
Checked<void> RequestParser::finish(std::span<char> input, std::span<Field> fields) {
  const std::string_view bytes(input.data(), input.size());
  lower_names(input, fields);
  head_.fields = fields;
  head_.method_text = bytes.substr(line_start_, method_bytes_);
  head_.target = bytes.substr(line_start_ + method_bytes_ + 1, target_bytes_);

  PEAR_TRY(finish_target());
  ConnectionFields found;
  PEAR_TRY(read_connection_fields(fields, &found));
  PEAR_TRY(finish_authority(input, found));
  PEAR_TRY(finish_framing(found));
  return finish_connection(found);
}

Checked<void> RequestParser::finish_target() {
  head_.method = http::method_of(head_.method_text);
  if (take_plain_target()) return {};
  const auto parsed = PEAR_TRY(http::parse_request_target(head_.method, head_.target));
  head_.target_form = parsed.form;
  head_.scheme = parsed.scheme;
  head_.authority = parsed.authority_text;
  head_.host = parsed.authority.host;
  head_.port = parsed.authority.port;
  head_.path_with_query = parsed.path_with_query;
  head_.path = parsed.parts.path;
  head_.query = parsed.parts.query;
  head_.has_query = parsed.parts.has_query;
  return {};
}

// What parse_request_target() would say of a path without escapes, as nearly all are. The bytes of
// the target are known to be visible ASCII. False: it has to look.
bool RequestParser::take_plain_target() {
  const std::string_view target = head_.target;
  if (target.front() != '/' || head_.method == Method::Connect) return false;
  const char* const begin = target.data();
  const char* const end = begin + target.size();
  const char* const path_end = scanner_->path_end(begin, end);
  const auto path_bytes = static_cast<std::size_t>(path_end - begin);
  head_.has_query = path_end != end;
  if (head_.has_query) {
    if (*path_end != '?') return false;
    head_.query = target.substr(path_bytes + 1);
    if (head_.query.contains('#')) return false;
  } else {
    head_.query = {};
  }
  head_.target_form = TargetForm::Origin;
  head_.scheme = {};
  head_.authority = {};
  head_.host = {};
  head_.port.reset();
  head_.path_with_query = target;
  head_.path = target.substr(0, path_bytes);
  return true;
}

// RFC 9110, section 7.2, and RFC 9112, section 3.2: exactly one valid Host in HTTP/1.1. Where the
// target has an authority too, it counts; a Host that says something else is refused rather than
// ignored, as others may believe it.
Checked<void> RequestParser::finish_authority(std::span<char> input,
                                              const ConnectionFields& found) {
  if (found.host == nullptr) {
    if (head_.version == Version::Http11) return http::refuse(400, "HTTP/1.1 without Host");
  } else {
    Authority from_host;
    PEAR_TRY(http::parse_authority(found.host->value, &from_host));
    http::make_lower_case(writable(input, found.host->value));
    if (head_.host.empty()) {
      head_.authority = found.host->value;
      head_.host = head_.authority.substr(0, from_host.host.size());
      head_.port = from_host.port;
      return {};
    }
    const Authority from_target{.host = head_.host, .port = head_.port};
    if (!same_authority(from_host, from_target, head_.scheme)) {
      return http::refuse(400, "Host differs from the request target");
    }
  }
  // Without Host and without an authority in the target there is nothing to make lower.
  if (!head_.authority.empty()) http::make_lower_case(writable(input, head_.authority));
  return {};
}

// RFC 9112, section 6.3. What the RFC lets a server repair is refused.
Checked<void> RequestParser::finish_framing(const ConnectionFields& found) {
  head_.content_length = 0;
  if (found.transfer_encoding != nullptr) {
    if (found.content_length != nullptr) {
      return http::refuse(400, "both Content-Length and Transfer-Encoding");
    }
    if (head_.version == Version::Http10) {
      return http::refuse(400, "Transfer-Encoding in HTTP/1.0");
    }
    PEAR_TRY(check_transfer_encoding(found.transfer_encoding->value));
    head_.framing = Framing::Chunked;
    return {};
  }
  if (found.content_length != nullptr) {
    head_.content_length = PEAR_TRY(http::parse_content_length(found.content_length->value));
    head_.framing = Framing::Length;
    return {};
  }
  head_.framing = Framing::None;
  return {};
}

Checked<void> RequestParser::finish_connection(const ConnectionFields& found) {
  const bool http11 = head_.version == Version::Http11;
  head_.keep_alive = !found.close && (http11 || found.keep_alive);
  head_.upgrade_asked = http11 && found.upgrade;
  head_.names_fields = found.names > 0;
  // HTTP/1.0 knows no expectations: they are ignored (RFC 9110, section 10.1.1).
  if (http11 && found.expect_other) return http::refuse(417, "expectation that is not known");
  head_.expect_continue = http11 && found.expect_continue && head_.framing != Framing::None;
  return {};
}

}  // namespace pear::http1

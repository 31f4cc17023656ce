#include "http/http1/response_parser.h"

#include <algorithm>

#include "base/assert.h"
#include "http/field_rules.h"
#include "http/status.h"

namespace pear::http1 {

using http::CharacterClass;
using http::Checked;
using http::Field;
using http::Framing;
using http::is_in;
using http::Refusal;
using http::Version;

namespace {

// D stands for a digit. What follows is a space or the end of the line.
constexpr std::string_view kStatusPattern = "HTTP/D.D DDD";

bool fits_status_pattern(std::string_view got) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool fits = kStatusPattern[i] == 'D' ? is_in(got[i], CharacterClass::Digit)
                                               : got[i] == kStatusPattern[i];
    if (!fits) return false;
  }
  return true;
}

}  // namespace

ResponseParser::ResponseParser(const http::HeadLimits& limits, const Scanner& scanner)
    : scanner_(&scanner), limits_(limits) {}

void ResponseParser::reset(http::Method request_method) {
  request_method_ = request_method;
  base_ = nullptr;
  at_ = 0;
  lexer_.restart(0);
  state_ = State::Start;
  head_ = ReceivedHead();
}

Progress ResponseParser::parse(std::span<char> input, std::span<Field> storage) {
  if (state_ == State::Refused) return Progress::Refused;
  PEAR_ASSERT(state_ != State::Done, "reset() comes before the next response");
  PEAR_ASSERT(at_ <= input.size(), "the input became shorter between two calls");
  storage = storage.first(std::min<std::size_t>(storage.size(), limits_.fields_max));
  if (base_ != nullptr && base_ != input.data()) {
    rebase_fields(storage.first(lexer_.field_count()), base_, input.data());
  }
  base_ = input.data();

  const std::size_t window = std::min<std::size_t>(input.size(), limits_.header_max);
  if (state_ != State::Fields) {
    const Progress progress = lex_status_line(std::string_view(input.data(), window));
    if (progress == Progress::Refused) return progress;
  }
  const Progress progress =
      state_ == State::Fields ? parse_fields(input.first(window), storage) : Progress::NeedMore;
  if (progress == Progress::NeedMore && window == limits_.header_max) {
    return refuse({502, "head of the response is too long"});
  }
  return progress;
}

Progress ResponseParser::lex_status_line(std::string_view input) {
  if (state_ == State::Start) {
    const Progress progress = lex_start(input);
    if (progress != Progress::Done) return progress;
  }
  if (state_ == State::Reason) {
    const Progress progress = lex_reason(input);
    if (progress != Progress::Done) return progress;
  }
  if (at_ == input.size()) return Progress::NeedMore;
  if (input[at_] != '\n') return refuse({502, "CR without LF after the status line"});
  lexer_.restart(++at_);
  state_ = State::Fields;
  return Progress::Done;
}

Progress ResponseParser::lex_start(std::string_view input) {
  const std::string_view got = input.substr(0, kStatusPattern.size());
  if (!fits_status_pattern(got)) return refuse({502, "malformed status line"});
  if (input.size() <= kStatusPattern.size()) return Progress::NeedMore;
  if (got[5] != '1' || got[7] > '1') return refuse({502, "version is not HTTP/1.0 or HTTP/1.1"});
  head_.version = got[7] == '1' ? Version::Http11 : Version::Http10;
  head_.status =
      static_cast<std::uint16_t>((got[9] - '0') * 100 + (got[10] - '0') * 10 + (got[11] - '0'));
  if (head_.status < 100 || head_.status > 599) return refuse({502, "status is out of range"});
  at_ = kStatusPattern.size();
  if (input[at_] == ' ') ++at_;
  reason_start_ = at_;
  state_ = State::Reason;
  return Progress::Done;
}

Progress ResponseParser::lex_reason(std::string_view input) {
  const char* const end = input.data() + input.size();
  const char* const stop = scanner_->value_end(input.data() + at_, end);
  at_ = static_cast<std::size_t>(stop - input.data());
  // Without the space there is no reason: "HTTP/1.1 2000" is none.
  const bool spaced = reason_start_ > kStatusPattern.size();
  if (!spaced && at_ > reason_start_) return refuse({502, "malformed status line"});
  if (stop == end) return Progress::NeedMore;
  if (*stop != '\r') return refuse({502, "control character in the status line"});
  reason_bytes_ = at_ - reason_start_;
  ++at_;
  state_ = State::LineFeed;
  return Progress::Done;
}

Progress ResponseParser::parse_fields(std::span<char> input, std::span<Field> storage) {
  const std::string_view bytes(input.data(), input.size());
  const Progress progress = lexer_.run(bytes, storage, *scanner_);
  if (progress == Progress::Refused) return refuse(lexer_.refusal());
  if (progress == Progress::NeedMore) return progress;
  const std::span<Field> fields = storage.first(lexer_.field_count());
  lower_names(input, fields);
  head_.reason = bytes.substr(reason_start_, reason_bytes_);
  if (const auto finished = finish(fields); !finished) return refuse(finished.error());
  state_ = State::Done;
  return Progress::Done;
}

Progress ResponseParser::refuse(Refusal refusal) {
  refusal_ = refusal;
  state_ = State::Refused;
  return Progress::Refused;
}

Checked<void> ResponseParser::finish(std::span<const Field> fields) {
  head_.fields = fields;
  ConnectionFields found;
  PEAR_TRY(read_connection_fields(fields, &found));
  PEAR_TRY(finish_framing(found));
  head_.keep_alive = !found.close && (head_.version == Version::Http11 || found.keep_alive) &&
                     head_.framing != Framing::UntilClose;
  return {};
}

// RFC 9112, section 6.3. The fields are checked even where they do not count.
Checked<void> ResponseParser::finish_framing(const ConnectionFields& found) {
  if (found.transfer_encoding != nullptr) {
    if (found.content_length != nullptr) {
      return http::refuse(502, "both Content-Length and Transfer-Encoding");
    }
    if (head_.version == Version::Http10) {
      return http::refuse(502, "Transfer-Encoding in HTTP/1.0");
    }
    PEAR_TRY(check_transfer_encoding(found.transfer_encoding->value));
    head_.framing = Framing::Chunked;
  } else if (found.content_length != nullptr) {
    head_.content_length = PEAR_TRY(http::parse_content_length(found.content_length->value));
    head_.framing = Framing::Length;
  } else {
    head_.framing = Framing::UntilClose;
  }
  if (!http::has_body(head_.status, request_method_)) head_.framing = Framing::None;
  return {};
}

}  // namespace pear::http1

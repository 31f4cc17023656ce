// FieldLexer: splits a header or trailer section into fields.
//
//   *( field-name ":" OWS field-value OWS CRLF ) CRLF
//
// Source:  RFC 9112, section 5. Stricter than the RFC asks in one way: a bare LF never ends a line
//          (section 2.2 would allow it), because parsers that differ on line ends allow request
//          smuggling. Line folding is refused (section 5.2), so is white space before the colon
//          (5.1).
// Thread:  core-local.
// Memory:  none of its own; fields are views into the input. It remembers positions, not pointers,
// so
//          that it can go on when more bytes have come: work is linear in the bytes, however they
//          are cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/field.h"
#include "http/http1/scan.h"
#include "http/lower_case.h"
#include "http/refusal.h"

namespace pear::http1 {

enum class Progress : std::uint8_t { NeedMore, Done, Refused };

class FieldLexer {
 public:
  FieldLexer() = default;

  // Prepares for a section whose first line starts at `at`.
  void restart(std::size_t at) {
    at_ = at;
    count_ = 0;
    state_ = State::LineStart;
  }

  // `input` starts where it started in the calls before, and is as long or longer. `storage` bounds
  // the number of fields: one more is refused with 431. Names keep their case.
  [[nodiscard]] Progress run(std::string_view input, std::span<http::Field> storage,
                             const Scanner& scanner);

  // Where the section ends, once it is done.
  [[nodiscard]] std::size_t end() const { return at_; }
  [[nodiscard]] std::size_t field_count() const { return count_; }
  [[nodiscard]] const http::Refusal& refusal() const { return refusal_; }

 private:
  enum class State : std::uint8_t { LineStart, Name, Blanks, Value, LineFeed, LastLineFeed };

  // NeedMore from these: nothing is the matter, go on.
  Progress step(std::string_view input, std::span<http::Field> storage, const Scanner& scanner);
  Progress start_line(char byte, std::size_t fields_max);
  Progress read_name(std::string_view input, const Scanner& scanner);
  Progress read_value(std::string_view input, std::span<http::Field> storage,
                      const Scanner& scanner);
  Progress refuse(http::Refusal refusal);
  Progress refuse_line_start(char byte);
  Progress refuse_after_name(char byte);
  Progress refuse_in_value(char byte);

  http::Refusal refusal_;
  std::size_t at_ = 0;
  std::size_t name_start_ = 0;  // Of the field that is being read.
  std::size_t name_bytes_ = 0;
  std::size_t value_start_ = 0;
  std::size_t count_ = 0;
  State state_ = State::LineStart;
};

// Makes views that point into `old_base` point to the same offsets of `new_base`, for buffers that
// were moved between two calls.
void rebase_fields(std::span<http::Field> fields, const char* old_base, const char* new_base);

// The part of the input that a view stands for, to be written to.
[[nodiscard]] inline std::span<char> writable(std::span<char> input, std::string_view view) {
  return {input.data() + (view.data() - input.data()), view.size()};
}

// Makes the names, which are views into `input`, lower case in place.
inline void lower_names(std::span<char> input, std::span<const http::Field> fields) {
  for (const http::Field& field : fields) http::make_lower_case(writable(input, field.name));
}

}  // namespace pear::http1

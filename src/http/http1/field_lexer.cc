#include "http/http1/field_lexer.h"

#include "base/assert.h"
#include "http/character.h"

namespace pear::http1 {

using http::CharacterClass;
using http::Field;
using http::is_blank;
using http::is_in;
using http::Refusal;

Progress FieldLexer::run(std::string_view input, std::span<Field> storage, const Scanner& scanner) {
  PEAR_ASSERT(at_ <= input.size(), "the input became shorter between two calls");
  const char* const base = input.data();
  const char* const end = base + input.size();
  while (at_ < input.size()) {
    if (state_ == State::LineStart) {
      // Nearly always this reads all there is. Where it stops, the steps say why.
      at_ = static_cast<std::size_t>(scanner.field_lines(base + at_, end, storage, &count_) - base);
      if (at_ == input.size()) break;
    }
    if (const Progress progress = step(input, storage, scanner); progress != Progress::NeedMore) {
      return progress;
    }
  }
  return Progress::NeedMore;
}

// Reads at least one byte: of input that is malformed, or not all there yet.
Progress FieldLexer::step(std::string_view input, std::span<Field> storage,
                          const Scanner& scanner) {
  const char byte = input[at_];
  switch (state_) {
    case State::LineStart:
      return start_line(byte, storage.size());
    case State::Name:
      return read_name(input, scanner);
    case State::Blanks:
      if (is_blank(byte)) {
        ++at_;
      } else {
        value_start_ = at_;
        state_ = State::Value;
      }
      return Progress::NeedMore;
    case State::Value:
      return read_value(input, storage, scanner);
    case State::LineFeed:
      if (byte != '\n') return refuse({400, "CR without LF in a field"});
      ++at_;
      state_ = State::LineStart;
      return Progress::NeedMore;
    case State::LastLineFeed:
      if (byte != '\n') return refuse({400, "CR without LF at the end of the fields"});
      ++at_;
      return Progress::Done;
  }
  return Progress::Refused;
}

Progress FieldLexer::start_line(char byte, std::size_t fields_max) {
  if (byte == '\r') {
    ++at_;
    state_ = State::LastLineFeed;
    return Progress::NeedMore;
  }
  if (!is_in(byte, CharacterClass::Token)) return refuse_line_start(byte);
  if (count_ == fields_max) return refuse({431, "too many fields"});
  name_start_ = at_;
  state_ = State::Name;
  return Progress::NeedMore;
}

Progress FieldLexer::read_name(std::string_view input, const Scanner& scanner) {
  const char* const base = input.data();
  at_ = static_cast<std::size_t>(scanner.token_end(base + at_, base + input.size()) - base);
  if (at_ == input.size()) return Progress::NeedMore;
  if (input[at_] != ':') return refuse_after_name(input[at_]);
  name_bytes_ = at_ - name_start_;
  ++at_;
  state_ = State::Blanks;
  return Progress::NeedMore;
}

Progress FieldLexer::read_value(std::string_view input, std::span<Field> storage,
                                const Scanner& scanner) {
  const char* const base = input.data();
  at_ = static_cast<std::size_t>(scanner.value_end(base + at_, base + input.size()) - base);
  if (at_ == input.size()) return Progress::NeedMore;
  if (input[at_] != '\r') return refuse_in_value(input[at_]);
  std::size_t last = at_;
  while (last != value_start_ && is_blank(input[last - 1])) --last;
  // Only now, as the input may have been moved since the name was read.
  storage[count_++] = {.name = input.substr(name_start_, name_bytes_),
                       .value = input.substr(value_start_, last - value_start_)};
  ++at_;
  state_ = State::LineFeed;
  return Progress::NeedMore;
}

Progress FieldLexer::refuse(Refusal refusal) {
  refusal_ = refusal;
  return Progress::Refused;
}

Progress FieldLexer::refuse_line_start(char byte) {
  if (is_blank(byte)) return refuse({400, "white space at the start of a field line"});
  if (byte == ':') return refuse({400, "field without a name"});
  if (byte == '\n') return refuse({400, "LF without CR at the end of the fields"});
  return refuse({400, "field name with a byte that is not allowed"});
}

Progress FieldLexer::refuse_after_name(char byte) {
  if (is_blank(byte)) return refuse({400, "white space before the colon of a field"});
  if (byte == '\r' || byte == '\n') return refuse({400, "field line without a colon"});
  return refuse({400, "field name with a byte that is not allowed"});
}

Progress FieldLexer::refuse_in_value(char byte) {
  if (byte == '\n') return refuse({400, "LF without CR in a field"});
  if (byte == '\0') return refuse({400, "NUL in a field value"});
  return refuse({400, "control character in a field value"});
}

void rebase_fields(std::span<Field> fields, const char* old_base, const char* new_base) {
  const auto move = [&](std::string_view view) {
    // The old bytes may be gone: numbers, not pointers, are subtracted.
    const auto offset =
        reinterpret_cast<std::uintptr_t>(view.data()) - reinterpret_cast<std::uintptr_t>(old_base);
    return std::string_view(new_base + offset, view.size());
  };
  for (Field& field : fields) field = {.name = move(field.name), .value = move(field.value)};
}

}  // namespace pear::http1

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
  const char* const base = input.data();
  const char* const end = base + input.size();
  PEAR_ASSERT(at_ <= input.size(), "the input became shorter between two calls");
  const char* at = base + at_;
  // Nearly always this reads all there is. Where it stops, the steps below say why.
  if (state_ == State::LineStart) at = scanner.field_lines(at, end, storage, &count_);
  // What ends the loop leaves the position behind, for the next call.
  const auto pause = [&] {
    at_ = static_cast<std::size_t>(at - base);
    return Progress::NeedMore;
  };

  for (;;) {
    switch (state_) {
      case State::LineStart:
        if (at == end) return pause();
        if (*at == '\r') {
          ++at;
          state_ = State::LastLineFeed;
          break;
        }
        if (!is_in(*at, CharacterClass::Token)) return refuse_line_start(*at);
        if (count_ == storage.size()) return refuse({431, "too many fields"});
        name_start_ = static_cast<std::size_t>(at - base);
        state_ = State::Name;
        [[fallthrough]];
      case State::Name:
        at = scanner.token_end(at, end);
        if (at == end) return pause();
        if (*at != ':') return refuse_after_name(*at);
        name_bytes_ = static_cast<std::size_t>(at - base) - name_start_;
        ++at;
        state_ = State::Blanks;
        [[fallthrough]];
      case State::Blanks:
        while (at != end && is_blank(*at)) ++at;
        if (at == end) return pause();
        value_start_ = static_cast<std::size_t>(at - base);
        state_ = State::Value;
        [[fallthrough]];
      case State::Value: {
        at = scanner.value_end(at, end);
        if (at == end) return pause();
        if (*at != '\r') return refuse_in_value(*at);
        const char* const start = base + value_start_;
        const char* last = at;
        while (last != start && is_blank(last[-1])) --last;
        // Only now, as the input may have been moved since the name was read.
        storage[count_++] = {.name = input.substr(name_start_, name_bytes_),
                             .value = {start, static_cast<std::size_t>(last - start)}};
        ++at;
        state_ = State::LineFeed;
        [[fallthrough]];
      }
      case State::LineFeed:
        if (at == end) return pause();
        if (*at != '\n') return refuse({400, "CR without LF in a field"});
        ++at;
        state_ = State::LineStart;
        break;
      case State::LastLineFeed:
        if (at == end) return pause();
        if (*at != '\n') return refuse({400, "CR without LF at the end of the fields"});
        ++at;
        at_ = static_cast<std::size_t>(at - base);
        return Progress::Done;
    }
  }
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

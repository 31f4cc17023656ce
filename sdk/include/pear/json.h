// JsonWriter: builds a JSON text, with the commas and the escaping done.
//
//   pear::JsonWriter json;
//   json.begin_object().key("id").number(7).key("tags").begin_array().string("a").end_array();
//   json.end_object();
//   response.json(json.text());
//
// Source: RFC 8259. It checks nothing: a key belongs before each value of an object, and each begin
// needs its end.
// Thread: any. Memory: owns its text.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "pear/text.h"

namespace pear {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name) {
    separate();
    append_json_string(text_, name);
    text_.push_back(':');
    comma_ = false;
    return *this;
  }

  JsonWriter& string(std::string_view value) {
    separate();
    append_json_string(text_, value);
    return *this;
  }

  JsonWriter& number(std::integral auto value) {
    separate();
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    text_.append(digits, static_cast<std::size_t>(end - digits));
    return *this;
  }

  // The shortest text that reads back as the same number; null for what JSON has no number for.
  // Adds the tables of std::to_chars to the component, about 100 KB.
  JsonWriter& number(std::floating_point auto value) {
    if (!(value - value == 0)) return null();  // Infinite, or not a number.
    separate();
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    text_.append(digits, static_cast<std::size_t>(end - digits));
    return *this;
  }

  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }

  // Text that is JSON already.
  JsonWriter& raw(std::string_view json) {
    separate();
    text_.append(json);
    return *this;
  }

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  JsonWriter& open(char bracket) {
    separate();
    text_.push_back(bracket);
    comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    text_.push_back(bracket);
    comma_ = true;
    return *this;
  }
  void separate() {
    if (comma_) text_.push_back(',');
    comma_ = true;
  }

  std::string text_;
  bool comma_ = false;  // Whether a comma belongs before the next value.
};

}  // namespace pear

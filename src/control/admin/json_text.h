// JsonText: writes JSON documents of any depth, for output only.
//
// Thread:  one thread.
// Memory:  the text grows as needed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pear::admin {

class JsonText {
 public:
  // Keys are literals without anything to escape; empty within an array and for the document.
  void begin_object(std::string_view key = {});
  void begin_array(std::string_view key);
  void end_object() { end('}'); }
  void end_array() { end(']'); }

  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  // With three digits behind the point.
  void milliseconds(std::string_view key, std::int64_t nanoseconds);
  void truth(std::string_view key, bool value);
  void null(std::string_view key);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin_value(std::string_view key);
  void end(char bracket);

  std::string text_;
  bool first_ = true;  // Of the object or array that is open.
};

}  // namespace pear::admin

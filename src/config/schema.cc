#include "config/schema.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/problem.h"
#include "config/schema_tables.h"
#include "config/suggestion.h"
#include "config/units.h"

namespace pear::config {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

Value text_value(std::string text) {
  return {.content = std::move(text), .at = {}};
}

std::string with_commas(std::uint64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string range_of(std::string min, std::string max, std::string_view zero) {
  const std::string range = fmt::format("{} to {}", min, max);
  return zero.empty() ? range : fmt::format("{}, or \"{}\"", range, zero);
}

std::string range_of(const SizeField& field) {
  std::string range = range_of(to_text(field.min), to_text(field.max), field.zero);
  if (field.multiple.count > 1) range += fmt::format(", a multiple of {}", to_text(field.multiple));
  return range;
}

std::string range_of(const DurationField& field) {
  return range_of(to_text(field.min), to_text(field.max), field.zero);
}

std::string range_of(const DurationRangeField& field) {
  return fmt::format("\"FIRST..LAST\", each {} to {}", to_text(field.min), to_text(field.max));
}

std::string range_of(const CountField& field) {
  return range_of(with_commas(field.min), with_commas(field.max), field.zero);
}

std::string range_of(const RateField&) {
  return fmt::format(R"("N/s", "N/m" or "N/h", with " burst N" or without; N {}; or "off")",
                     range_of(with_commas(1), with_commas(Rate::kCountMax), {}));
}

std::string range_of(const SwitchField&) {
  return "true or false";
}

std::string range_of(const ChoiceField& field) {
  std::string range;
  for (const std::string_view word : field.words) {
    if (!range.empty()) range += word == field.words.back() ? " or " : ", ";
    range += fmt::format("\"{}\"", word);
  }
  return range;
}

std::string range_of(const TextField& field) {
  return std::string(field.range);
}
std::string range_of(const PathField& field) {
  return std::string(field.range);
}
std::string range_of(const CompoundField& field) {
  return std::string(field.range);
}

// One key, one value, one place for the refusals.
class Setter {
 public:
  Setter(Target target, const Value& value, Reading& reading)
      : target_(target), value_(value), reading_(reading) {}

  void operator()(const SizeField& field) const {
    const auto text = quantity("a size", "\"64KiB\"", range_of(field));
    if (!text) return;
    const auto size = is_zero(*text, field.zero) ? Bytes{0} : parse_size(*text);
    if (!size) {
      refuse_form("a size", "B, KiB, MiB, GiB or TiB", range_of(field));
      return;
    }
    const bool zero = size->count == 0 && !field.zero.empty();
    if (!zero && (*size < field.min || *size > field.max)) {
      out_of_range(range_of(field));
      return;
    }
    if (size->count % field.multiple.count != 0) {
      reading_.refuse(value_,
                      fmt::format("{} is not a multiple of {}", shown(), to_text(field.multiple)),
                      range_of(field));
      return;
    }
    field.at(target_) = *size;
  }

  void operator()(const DurationField& field) const {
    const auto text = quantity("a time", "\"5s\"", range_of(field));
    if (!text) return;
    const auto time = is_zero(*text, field.zero) ? milliseconds(0) : parse_duration(*text);
    if (!time) {
      refuse_form("a time", "ms, s, m or h", range_of(field));
      return;
    }
    const bool zero = time->count() == 0 && !field.zero.empty();
    if (!zero && (*time < field.min || *time > field.max)) {
      out_of_range(range_of(field));
      return;
    }
    field.at(target_) = *time;
  }

  void operator()(const DurationRangeField& field) const {
    const auto text = quantity("a range of times", "\"1s..60s\"", range_of(field));
    if (!text) return;
    const auto range = parse_duration_range(*text);
    if (!range) {
      reading_.refuse(value_,
                      shown() + " is not a range of times such as \"1s..60s\", the smaller first",
                      range_of(field));
      return;
    }
    if (range->first < field.min || range->second > field.max) {
      out_of_range(range_of(field));
      return;
    }
    field.first(target_) = range->first;
    field.last(target_) = range->second;
  }

  void operator()(const CountField& field) const {
    if (const auto* word = value_.get<std::string>(); word != nullptr && !field.zero.empty()) {
      if (*word == field.zero) {
        field.at(target_) = 0;
        return;
      }
      out_of_range(range_of(field));
      return;
    }
    const auto* number = value_.get<std::int64_t>();
    if (number == nullptr) {
      wrong_kind("a number", range_of(field));
      return;
    }
    if (*number < std::int64_t{field.min} || *number > std::int64_t{field.max}) {
      out_of_range(range_of(field));
      return;
    }
    field.at(target_) = static_cast<std::uint32_t>(*number);
  }

  void operator()(const RateField& field) const {
    const auto text = quantity("a rate", "\"100/s\"", range_of(field));
    if (!text) return;
    const auto rate = parse_rate(*text);
    if (!rate) {
      reading_.refuse(value_, fmt::format("{} is not a rate such as \"100/s\"", shown()),
                      range_of(field));
      return;
    }
    field.at(target_) = *rate;
  }

  void operator()(const SwitchField& field) const {
    const auto* flag = value_.get<bool>();
    if (flag == nullptr) {
      wrong_kind("true or false", {});
      return;
    }
    field.at(target_) = *flag;
  }

  void operator()(const ChoiceField& field) const {
    const auto* word = value_.get<std::string>();
    if (word == nullptr) {
      wrong_kind("a text", range_of(field));
      return;
    }
    const auto found = std::ranges::find(field.words, *word);
    if (found == field.words.end()) {
      const std::string_view near = nearest(*word, field.words);
      reading_.refusals.push_back({value_.at,
                                   {},
                                   shown() + " is not one of its values",
                                   range_of(field),
                                   near.empty() ? std::string() : in_quotes(near)});
      return;
    }
    field.set(target_, static_cast<std::size_t>(found - field.words.begin()));
  }

  void operator()(const TextField& field) const {
    const auto text = plain_text(range_of(field));
    if (!text) return;
    if (field.fits != nullptr && !field.fits(*text)) {
      out_of_range(range_of(field));
      return;
    }
    field.at(target_) = *text;
  }

  void operator()(const PathField& field) const {
    const auto text = plain_text(range_of(field));
    if (!text) return;
    if (text->empty()) {
      reading_.refuse(value_, "is empty", range_of(field));
      return;
    }
    field.at(target_) = (reading_.folder / *text).lexically_normal();
  }

  void operator()(const CompoundField& field) const { field.set(target_, value_, reading_); }

 private:
  static bool is_zero(std::string_view text, std::string_view zero) {
    return !zero.empty() && text == zero;
  }

  [[nodiscard]] std::string shown() const {
    if (const auto* text = value_.get<std::string>()) return in_quotes(*text);
    if (const auto* number = value_.get<std::int64_t>()) return fmt::format("{}", *number);
    return std::string(kind_of(value_));
  }

  // The text of a size or time. A bare number is refused with the words that it needs.
  [[nodiscard]] std::optional<std::string> quantity(std::string_view kind, std::string_view example,
                                                    std::string expected) const {
    if (const auto* text = value_.get<std::string>()) return *text;
    if (value_.get<std::int64_t>() != nullptr) {
      reading_.refuse(
          value_,
          fmt::format("{} has no unit: write {} in quotes, such as {}", shown(), kind, example),
          std::move(expected));
    } else {
      wrong_kind(fmt::format("{} in quotes, such as {}", kind, example), std::move(expected));
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> plain_text(std::string expected) const {
    const auto* text = value_.get<std::string>();
    if (text == nullptr) {
      wrong_kind("a text", std::move(expected));
      return std::nullopt;
    }
    if (text->find('\0') != std::string::npos) {
      reading_.refuse(value_, "holds a NUL character", std::move(expected));
      return std::nullopt;
    }
    return *text;
  }

  void refuse_form(std::string_view kind, std::string_view units, std::string expected) const {
    reading_.refuse(
        value_,
        fmt::format("{} is not {}: write a whole number and one of {}", shown(), kind, units),
        std::move(expected));
  }
  void wrong_kind(std::string_view wanted, std::string expected) const {
    reading_.refuse(value_, fmt::format("must be {}, not {}", wanted, kind_of(value_)),
                    std::move(expected));
  }
  void out_of_range(std::string expected) const {
    reading_.refuse(value_, shown() + " is not allowed", std::move(expected));
  }

  Target target_;
  const Value& value_;
  Reading& reading_;
};

}  // namespace

std::span<const Key> keys_of(Scope scope) {
  return scope == Scope::Server ? server_keys() : site_keys();
}

const Key* find_key(Scope scope, std::string_view path) {
  const std::span<const Key> keys = keys_of(scope);
  const auto found = std::ranges::find(keys, path, &Key::path);
  return found == keys.end() ? nullptr : &*found;
}

std::string full_key(Scope scope, std::string_view site, std::string_view path) {
  return scope == Scope::Server ? fmt::format("server.{}", path)
                                : fmt::format("site.{}.{}", site, path);
}

void set(const Key& key, Target target, const Value& value, Reading& reading) {
  std::visit(Setter(target, value, reading), key.field);
}

Value get(const Key& key, Target target) {
  const auto or_zero = [](bool zero, std::string_view word, std::string text) {
    return text_value(zero && !word.empty() ? std::string(word) : std::move(text));
  };
  return std::visit(
      Overloaded{
          [&](const SizeField& f) {
            return or_zero(f.at(target).count == 0, f.zero, to_text(f.at(target)));
          },
          [&](const DurationField& f) {
            return or_zero(f.at(target).count() == 0, f.zero, to_text(f.at(target)));
          },
          [&](const DurationRangeField& f) {
            return text_value(to_text(DurationRange{f.first(target), f.last(target)}));
          },
          [&](const CountField& f) {
            const std::uint32_t count = f.at(target);
            if (count == 0 && !f.zero.empty()) return text_value(std::string(f.zero));
            return Value{.content = std::int64_t{count}, .at = {}};
          },
          [&](const RateField& f) { return text_value(to_text(f.at(target))); },
          [&](const SwitchField& f) { return Value{.content = f.at(target), .at = {}}; },
          [&](const ChoiceField& f) { return text_value(std::string(f.words[f.get(target)])); },
          [&](const TextField& f) {
            return f.at(target).empty() ? Value{} : text_value(f.at(target));
          },
          [&](const PathField& f) {
            return f.at(target).empty() ? Value{} : text_value(f.at(target).string());
          },
          [&](const CompoundField& f) { return f.get(target); },
      },
      key.field);
}

std::string type_in_words(const Key& key) {
  return std::visit(Overloaded{
                        [](const SizeField&) { return std::string("size"); },
                        [](const DurationField&) { return std::string("time"); },
                        [](const DurationRangeField&) { return std::string("range of times"); },
                        [](const CountField&) { return std::string("number"); },
                        [](const RateField&) { return std::string("rate"); },
                        [](const SwitchField&) { return std::string("true or false"); },
                        [](const ChoiceField&) { return std::string("word"); },
                        [](const TextField&) { return std::string("text"); },
                        [](const PathField&) { return std::string("path"); },
                        [](const CompoundField& f) { return std::string(f.type); },
                    },
                    key.field);
}

std::string range_in_words(const Key& key) {
  return std::visit([](const auto& field) { return range_of(field); }, key.field);
}

std::span<const std::string_view> unavailable_keys(Scope scope) {
  return scope == Scope::Server ? unavailable_server_keys() : unavailable_site_keys();
}

bool is_unavailable(Scope scope, std::string_view path) {
  return std::ranges::any_of(unavailable_keys(scope), [&](std::string_view name) {
    return path == name || (path.starts_with(name) && path[name.size()] == '.');
  });
}

bool is_site_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 63 && plain(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-' || c == '_'; });
}

}  // namespace pear::config

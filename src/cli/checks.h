// Checks of options: CLI11's, with messages for people, and without what they add to the help.
//
// Thread: main.
#pragma once

#include <charconv>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace pear::cli {

// Of a validator of CLI11: the words of the help are those of the option.
[[nodiscard]] inline CLI::Validator quiet(CLI::Validator validator) {
  return validator.description("");
}

[[nodiscard]] inline CLI::Validator above_zero() {
  return {[](std::string& text) {
            double number = 0;
            const char* const end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, number);
            const bool is_good = error == std::errc() && stop == end && number > 0;
            return is_good ? std::string() : fmt::format("{} is not a number above 0", text);
          },
          ""};
}

}  // namespace pear::cli

// traceparent: whether a value is one, so that what is logged and passed on can be trusted.
//
// Source: W3C Trace Context, section 3.2: version 00, "00-" trace-id "-" parent-id "-" flags.
// Thread: any (pure).
#pragma once

#include <algorithm>
#include <string_view>

namespace pear::data::protocol {

[[nodiscard]] constexpr bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

[[nodiscard]] constexpr bool is_traceparent(std::string_view value) {
  if (value.size() != 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  const std::string_view trace_id = value.substr(3, 32);
  const std::string_view parent_id = value.substr(36, 16);
  if (!value.starts_with("00") || !is_lower_hex(trace_id) || !is_lower_hex(parent_id) ||
      !is_lower_hex(value.substr(53))) {
    return false;
  }
  const auto not_zero = [](char c) { return c != '0'; };
  return std::ranges::any_of(trace_id, not_zero) && std::ranges::any_of(parent_id, not_zero);
}

[[nodiscard]] constexpr std::string_view trace_id_of(std::string_view traceparent) {
  return traceparent.empty() ? traceparent : traceparent.substr(3, 32);
}

static_assert(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
static_assert(!is_traceparent("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
static_assert(!is_traceparent("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"));

}  // namespace pear::data::protocol

// BothParsers: one request, read by Pear's parsers and by llhttp, in one form that can be compared.
//
// For tests only.
//
// Source: llhttp 8.1 (the parser of Node.js 18), through its C interface.
// Thread: any (pure).
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <llhttp.h>

#include "http/character.h"
#include "http/field_rules.h"
#include "http/http1/body_reader.h"
#include "http/http1/request_parser.h"

namespace pear::http1 {

// A whole request, as text. Names are in lower case, values without blanks around them.
struct Message {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  std::string method;
  std::string target;
  int minor_version = 0;
  Fields fields;
  bool chunked = false;
  std::string body;
  Fields trailers;
  std::size_t bytes = 0;  // Of the whole message.

  bool operator==(const Message&) const = default;
};

namespace differential_detail {

inline std::string lower(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(), http::to_lower);
  return copy;
}

// Pear makes the authority lower case as well, in Host and in absolute targets: both sides do here.
inline void add_field(Message::Fields* fields, std::string_view name, std::string_view value) {
  std::string lower_name = lower(name);
  const std::string_view trimmed = http::trim_blanks(value);
  std::string text = lower_name == "host" ? lower(trimmed) : std::string(trimmed);
  fields->emplace_back(std::move(lower_name), std::move(text));
}

inline std::string comparable_target(std::string_view target) {
  return target.starts_with('/') ? std::string(target) : lower(target);
}

// What llhttp's callbacks collect. Parts of one name or value may come in several calls.
struct Collected {
  Message message;
  Message::Fields raw;
  bool in_trailers = false;
  bool complete = false;

  void end_section() {
    Message::Fields& to = in_trailers ? message.trailers : message.fields;
    for (const auto& [name, value] : raw) add_field(&to, name, value);
    raw.clear();
  }
};

inline Collected& collected(llhttp_t* parser) {
  return *static_cast<Collected*>(parser->data);
}

inline llhttp_settings_t settings() {
  llhttp_settings_t all;
  llhttp_settings_init(&all);
  all.on_url = [](llhttp_t* parser, const char* at, std::size_t size) {
    collected(parser).message.target.append(at, size);
    return 0;
  };
  all.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) {
    Message::Fields& raw = collected(parser).raw;
    if (raw.empty()) raw.emplace_back();
    raw.back().first.append(at, size);
    return 0;
  };
  all.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) {
    collected(parser).raw.back().second.append(at, size);
    return 0;
  };
  // The input is given whole, so each name is one call; the next one starts a new field.
  all.on_header_value_complete = [](llhttp_t* parser) {
    collected(parser).raw.emplace_back();
    return 0;
  };
  all.on_headers_complete = [](llhttp_t* parser) {
    Collected& to = collected(parser);
    if (!to.raw.empty()) to.raw.pop_back();
    to.end_section();
    to.in_trailers = true;
    to.message.chunked = (parser->flags & F_CHUNKED) != 0;
    to.message.minor_version = parser->http_minor;
    to.message.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
    return 0;
  };
  all.on_body = [](llhttp_t* parser, const char* at, std::size_t size) {
    collected(parser).message.body.append(at, size);
    return 0;
  };
  all.on_message_complete = [](llhttp_t* parser) {
    Collected& to = collected(parser);
    if (!to.raw.empty()) to.raw.pop_back();
    to.end_section();
    to.complete = true;
    return static_cast<int>(HPE_PAUSED);
  };
  return all;
}

}  // namespace differential_detail

// Nothing when the request is refused, or not complete.
[[nodiscard]] inline std::optional<Message> read_by_llhttp(std::string_view text) {
  using differential_detail::Collected;
  const llhttp_settings_t settings = differential_detail::settings();
  Collected collected;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  parser.data = &collected;
  const llhttp_errno_t result = llhttp_execute(&parser, text.data(), text.size());
  if (!collected.complete || result != HPE_PAUSED || parser.http_major != 1) return std::nullopt;
  collected.message.target = differential_detail::comparable_target(collected.message.target);
  collected.message.bytes = static_cast<std::size_t>(llhttp_get_error_pos(&parser) - text.data());
  return std::move(collected.message);
}

[[nodiscard]] inline std::optional<Message> read_by_pear(std::string_view input) {
  using differential_detail::add_field;
  std::string text(input);
  std::vector<http::Field> storage(100);
  std::vector<http::Field> trailer_storage(100);
  RequestParser parser({});
  if (parser.parse(text, storage) != Progress::Done) return std::nullopt;
  const http::RequestHead& head = parser.head();
  Message message{.method = std::string(head.method_text),
                  .target = differential_detail::comparable_target(head.target),
                  .minor_version = head.version == http::Version::Http11 ? 1 : 0,
                  .chunked = head.framing == http::Framing::Chunked,
                  .bytes = parser.consumed()};
  for (const http::Field& field : head.fields) add_field(&message.fields, field.name, field.value);

  BodyReader body(head.framing, head.content_length, {});
  for (;;) {
    const auto event = body.read(std::span(text).subspan(message.bytes), trailer_storage);
    message.bytes += body.consumed();
    message.body += body.data();
    if (event == BodyReader::Event::Data) continue;
    if (event != BodyReader::Event::Done) return std::nullopt;
    break;
  }
  for (const http::Field& field : body.trailers()) {
    add_field(&message.trailers, field.name, field.value);
  }
  return message;
}

// Whether the two disagree in a way that matters: both accept, and not the same. CONNECT is left
// out: no message follows its head.
[[nodiscard]] inline bool parsers_disagree(std::string_view text) {
  const std::optional<Message> pear = read_by_pear(text);
  if (!pear || pear->method == "CONNECT") return false;
  const std::optional<Message> llhttp = read_by_llhttp(text);
  return llhttp && *pear != *llhttp;
}

}  // namespace pear::http1

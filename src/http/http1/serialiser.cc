#include "http/http1/serialiser.h"

#include <algorithm>

#include "base/assert.h"
#include "http/field_rules.h"
#include "http/http1/head_writer.h"
#include "http/status.h"

namespace pear::http1 {
namespace {

using http::Field;
using http::Framing;
using http::Version;

// The common status lines, ready made.
std::string_view known_status_line(std::uint16_t status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 206:
      return "HTTP/1.1 206 Partial Content\r\n";
    case 301:
      return "HTTP/1.1 301 Moved Permanently\r\n";
    case 302:
      return "HTTP/1.1 302 Found\r\n";
    case 304:
      return "HTTP/1.1 304 Not Modified\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 500:
      return "HTTP/1.1 500 Internal Server Error\r\n";
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n";
    default:
      return {};
  }
}

void write_status_line(std::uint16_t status, HeadWriter* out) {
  if (const std::string_view known = known_status_line(status); !known.empty()) {
    out->text(known);
    return;
  }
  out->text("HTTP/1.1 ");
  out->number(status);
  // The space stays where there is no reason phrase (RFC 9112, section 4).
  out->text(" ");
  out->text(http::reason_phrase(status));
  out->text("\r\n");
}

bool is_date(const Field& field) {
  return http::equals_lower(field.name, "date");
}

void write_persistence(const ResponseHead& head, HeadWriter* out) {
  if (head.persistence == Persistence::Close) {
    out->text("connection: close\r\n");
  } else if (head.client == Version::Http10) {
    out->text("connection: keep-alive\r\n");
  }
}

}  // namespace

http::Framing response_framing(const http::ResponseContent& content, http::Version client) {
  if (content.length) return Framing::Length;
  if (!content.follows) return Framing::None;
  return client == Version::Http10 ? Framing::UntilClose : Framing::Chunked;
}

Result<std::size_t> write_response_head(const ResponseHead& head, std::span<char> out) {
  if (head.status < 100 || head.status > 599) {
    return fail(ErrorKind::InvalidInput, "status is not between 100 and 599");
  }
  const bool body_can_end =
      head.framing != Framing::UntilClose || head.persistence == Persistence::Close;
  PEAR_ASSERT(body_can_end, "the end of the connection ends the body, but it stays open");
  HeadWriter writer(out);
  write_status_line(head.status, &writer);
  bool has_date = head.date.empty();
  for (const Field& field : head.fields) {
    if (is_owned_here(field)) continue;
    has_date = has_date || is_date(field);
    PEAR_TRY(writer.field(field));
  }
  for (const Field& field : head.edge_fields) PEAR_TRY(writer.field(field));
  if (!http::is_interim(head.status)) {
    if (!has_date) PEAR_TRY(writer.field({.name = "date", .value = head.date}));
    writer.framing(head.framing, head.content_length);
    write_persistence(head, &writer);
  }
  writer.text("\r\n");
  return writer.size();
}

std::size_t write_head_start(const ResponseHead& head, std::span<char> out) {
  HeadWriter writer(out);
  write_status_line(head.status, &writer);
  const auto field = [&writer](const Field& own) {
    const Result<void> written = writer.field(own);
    PEAR_ASSERT(written.has_value(), "write_response_head() has looked at it");
  };
  for (const Field& own : head.edge_fields) field(own);
  if (!http::is_interim(head.status)) {
    const bool has_date = head.date.empty() || std::ranges::any_of(head.fields, is_date);
    if (!has_date) field({.name = "date", .value = head.date});
    writer.framing(head.framing, head.content_length);
    write_persistence(head, &writer);
  }
  PEAR_ASSERT(writer.size() <= out.size(), "a few short fields");
  return writer.size();
}

std::size_t write_lines(Lines which, std::span<const Field> fields, http::FieldCursor& at,
                        std::span<char> out) {
  const auto is_left_out = [which](const Field& field) {
    return which == Lines::OfHead ? is_owned_here(field)
                                  : http::is_forbidden_in_trailers(LowerName(field.name).view());
  };
  http::PieceWriter writer(out, at);
  while (at.item < fields.size()) {
    const Field& field = fields[at.item];
    if (is_left_out(field)) {
      writer.skip_item();
    } else if (!writer.item({field.name, ": ", field.value, "\r\n"})) {
      return writer.size();
    }
  }
  at.done = writer.item({"\r\n"});
  return writer.size();
}

std::size_t write_chunk_header(std::uint64_t bytes, std::span<char, kChunkHeaderBytesMax> out) {
  PEAR_ASSERT(bytes > 0, "an empty chunk would end the body");
  char* const end = std::to_chars(out.data(), out.data() + out.size(), bytes, 16).ptr;
  end[0] = '\r';
  end[1] = '\n';
  return static_cast<std::size_t>(end - out.data()) + 2;
}

Result<std::size_t> write_last_chunk(std::span<const Field> trailers, std::span<char> out) {
  HeadWriter writer(out);
  writer.text(kLastChunkStart);
  for (const Field& field : trailers) {
    if (http::is_forbidden_in_trailers(LowerName(field.name).view())) continue;
    PEAR_TRY(writer.field(field));
  }
  writer.text("\r\n");
  return writer.size();
}

}  // namespace pear::http1

// Serialiser: writes responses as HTTP/1.1 has them on the wire: heads, chunks, trailers.
//
// It writes the framing and the connection fields itself, from what it is told: fields of these
// names among the response's own are left out, so that no site can contradict the framing. Names
// and values are checked again, so that no site can split a response.
//
// Source:  RFC 9112, sections 2 to 7 and 9; RFC 9110, sections 6.6.1 (Date) and 15.2.
// Thread:  any (pure).
// Memory:  no allocation. Writes to what the caller gives; a function whose output has no fixed
// bound
//          returns the size that it needs, and has written it only if that fits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/field.h"
#include "http/framing.h"
#include "http/piece_writer.h"
#include "http/status.h"

namespace pear::http1 {

enum class Persistence : std::uint8_t { KeepAlive, Close };

// A response head to be written.
struct ResponseHead {
  std::uint16_t status = 200;  // 100 to 599.
  std::span<const http::Field> fields;
  std::span<const http::Field> edge_fields;  // Of the server itself, beside those of the site.
  // As response_framing() says. With None no framing field is written.
  http::Framing framing = http::Framing::None;
  std::uint64_t content_length = 0;              // With Framing::Length.
  http::Version client = http::Version::Http11;  // Http10 is told when the connection persists.
  Persistence persistence = Persistence::KeepAlive;
  // The Date field (http/date.h), unless it is among the fields. Empty: none.
  std::string_view date;
};

// How the end of a response's body is to be found. With UntilClose the connection has to close
// after it. Whether body bytes follow at all says the content.
[[nodiscard]] http::Framing response_framing(const http::ResponseContent& content,
                                             http::Version client);

// Gives the size of the head. It has been written to the start of `out` if that is not longer than
// `out`; else what `out` holds means nothing: come again with enough room.
//
// An interim response (1xx) has neither Date nor connection fields.
//
// Errors: InvalidInput: a status outside of 100 to 599, a name that is no token, a value with CR,
// LF,
//         NUL or another control in it. Nothing must be sent.
[[nodiscard]] Result<std::size_t> write_response_head(const ResponseHead& head,
                                                      std::span<char> out);

// A head that no buffer holds goes out in pieces, once write_response_head() has found it right:
// what write_head_start() gives, and then what write_lines() gives of `fields`, until that is done.
// The server's own fields come first there: they are all of the head that does not lie elsewhere.
[[nodiscard]] std::size_t write_head_start(const ResponseHead& head, std::span<char> out);
// Which fields are left out: those of write_response_head(), or of write_last_chunk().
enum class Lines : std::uint8_t { OfHead, OfTrailers };
// Writes on from `at`: the lines of `fields`, and the empty one behind them. Gives how many bytes.
[[nodiscard]] std::size_t write_lines(Lines which, std::span<const http::Field> fields,
                                      http::FieldCursor& at, std::span<char> out);

// "100 Continue", whole.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// What stands before, after and behind chunks.
inline constexpr std::size_t kChunkHeaderBytesMax = 18;  // 16 digits and CRLF.
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";  // The end of a body without trailers.
// The last chunk, before the lines of the trailers.
inline constexpr std::string_view kLastChunkStart = "0\r\n";

// Writes the line before a chunk's data; gives its length. `bytes` > 0: an empty chunk would end
// the body.
[[nodiscard]] std::size_t write_chunk_header(std::uint64_t bytes,
                                             std::span<char, kChunkHeaderBytesMax> out);

// The last chunk with trailers. Result and errors as of write_response_head. Fields that may not
// stand in trailers are left out. Trailers that no buffer holds: kLastChunkStart, and
// write_lines().
[[nodiscard]] Result<std::size_t> write_last_chunk(std::span<const http::Field> trailers,
                                                   std::span<char> out);

}  // namespace pear::http1

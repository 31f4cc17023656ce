// Field lines of HPACK and QPACK in their plainest form: literal names and values, without
// Huffman's code and without a dynamic table.
//
// The libraries write a field section as a whole, into memory of its size, and quiche only where
// the client has room for all of it at once. A section that is larger goes out by these, piece by
// piece. They leave the state of HPACK's table as it is, so that they may follow what a library has
// written.
//
// Source:  RFC 7541, sections 5.1, 5.2 and 6.2.2; RFC 9204, sections 4.1 and 4.5.6.
// Thread:  any (pure).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/field.h"
#include "http/piece_writer.h"

namespace pear::http {

enum class FieldCoding : std::uint8_t { Hpack, Qpack };
// Which fields are left out: none, those that is_framing_field() names, or those that may not stand
// in trailers.
enum class FieldPlace : std::uint8_t { Anywhere, Head, Trailers };

// Bytes that write_field_lines() gives for all of `fields`.
[[nodiscard]] std::uint64_t field_lines_size(FieldCoding coding, FieldPlace place,
                                             std::span<const Field> fields);

// Writes on from `at`; gives how many bytes. Names are in lower case.
[[nodiscard]] std::size_t write_field_lines(FieldCoding coding, FieldPlace place,
                                            std::span<const Field> fields, FieldCursor& at,
                                            std::span<char> out);

// The size of a field section as SETTINGS_MAX_HEADER_LIST_SIZE and SETTINGS_MAX_FIELD_SECTION_SIZE
// count it: names, values, and 32 bytes for each field (RFC 9113, section 6.5.2; RFC 9114, section
// 4.2.2).
[[nodiscard]] std::uint64_t field_section_size(std::span<const Field> fields);

}  // namespace pear::http

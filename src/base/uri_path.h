// UriPath: the one form in which Pear compares the path of a request and hands it on.
//
// Many spellings name one path: /login, /%6Cogin, /a/../login, /./login. A control that looks at
// the spelling is passed by the next one. So a path is brought to its normal form before anybody
// looks at it, and the guest is given that same form:
//
//   percent-encoded letters, digits and - . _ ~   decoded: /%6Cogin is /login
//   hex digits of what stays encoded              upper case: %c3%a9 is %C3%A9
//   "." and ".." as segments, encoded or not      resolved; above the root there is nothing: /../a
//                                                 is /a
//
// All else may mean something to a site and stays: %2F is not a slash, // is an empty segment, ';'
// is a character. Guests differ in how they take these, which Looseness spells out: whoever decides
// by a path may ask whether all of them end at the same place (model/path_readings.h).
//
// Source: RFC 3986, sections 5.2.4 (dot segments) and 6.2.2 (normalisation).
// Thread: any (pure). No allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pear::base {

struct PathLook {
  bool is_normal = true;        // What normalise_path() would give is what is there.
  bool has_one_reading = true;  // No guest can take it for another path.
};

// `path` starts with '/'. One pass over its bytes. A '%' may stand for something that is normal
// already: is_normal is then false all the same.
[[nodiscard]] PathLook look_at_path(std::string_view path);

// Writes the normal form of `path`, which starts with '/' and whose every '%' has two hex digits
// behind it, to the start of `out`, which has as many bytes. Returns the size: never more.
[[nodiscard]] std::size_t normalise_path(std::string_view path, std::span<char> out);

// What a guest may do to a path before it looks at it, in this order.
enum class Looseness : std::uint8_t {
  ParametersFirst = 1,  // Cut what follows ';' in each segment, as Java's containers do.
  Decode = 2,           // Decode all that is percent-encoded; a backslash is then a slash.
  ParametersLast = 4,   // Cut what follows ';' in each decoded segment.
  MergeSlashes = 8,     // Take several slashes for one.
};
inline constexpr unsigned kLoosenessEnd = 16;

// Writes to `out`, which has as many bytes as `path`, what a guest sees that does all of `loose` (a
// union of Looseness) to a path in normal form, and resolves dot segments afterwards.
[[nodiscard]] std::string_view read_path_loosely(std::string_view path, unsigned loose,
                                                 std::span<char> out);

}  // namespace pear::base

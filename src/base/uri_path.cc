#include "base/uri_path.h"

#include <algorithm>

#include "base/assert.h"

namespace pear::base {
namespace {

constexpr bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

constexpr unsigned hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  return (static_cast<unsigned>(c) | 0x20U) - 'a' + 10;
}

constexpr char upper_hex(char c) {
  return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
}

char decoded(std::string_view escape) {
  return static_cast<char>(hex_value(escape[1]) * 16 + hex_value(escape[2]));
}

// The segment that begins behind the slash at `slash`, without it.
std::string_view segment_behind(std::string_view path, std::size_t slash) {
  return path.substr(slash + 1, path.find('/', slash + 1) - slash - 1);
}

// RFC 3986, section 5.2.4, in place: what is written never overtakes what is read.
std::size_t resolve_dot_segments(std::span<char> path) {
  std::size_t written = 0;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::string_view all(path.data(), path.size());
    const std::string_view segment = segment_behind(all, at);
    const std::size_t next = at + 1 + segment.size();
    const bool is_last = next == path.size();
    if (segment == "..") {
      while (written > 0 && path[--written] != '/') {
      }
    }
    if (segment == "." || segment == "..") {
      if (is_last) path[written++] = '/';
    } else {
      std::copy_n(path.begin() + static_cast<std::ptrdiff_t>(at), segment.size() + 1,
                  path.begin() + static_cast<std::ptrdiff_t>(written));
      written += segment.size() + 1;
    }
    at = next;
  }
  return written;
}

std::size_t decode_all(std::span<char> path) {
  std::size_t written = 0;
  for (std::size_t at = 0; at < path.size(); ++at) {
    char c = path[at];
    if (c == '%') {
      c = decoded({&path[at], 3});
      at += 2;
    }
    path[written++] = c == '\\' ? '/' : c;
  }
  return written;
}

std::size_t cut_parameters(std::span<char> path) {
  std::size_t written = 0;
  bool in_parameter = false;
  for (const char c : path) {
    in_parameter = c != '/' && (in_parameter || c == ';');
    if (!in_parameter) path[written++] = c;
  }
  return written;
}

std::size_t merge_slashes(std::span<char> path) {
  const auto is_slash = [](char a, char b) { return a == '/' && b == '/'; };
  return path.size() - std::ranges::unique(path, is_slash).size();
}

}  // namespace

PathLook look_at_path(std::string_view path) {
  PathLook look;
  for (std::size_t i = 1; i < path.size(); ++i) {
    switch (path[i]) {
      case '%':
        look = {.is_normal = false, .has_one_reading = false};
        break;
      case ';':
        look.has_one_reading = false;
        break;
      case '/':
        if (path[i - 1] == '/') look.has_one_reading = false;
        break;
      case '.':
        if (path[i - 1] == '/') {
          const std::string_view segment = segment_behind(path, i - 1);
          if (segment == "." || segment == "..") look.is_normal = false;
        }
        break;
      default:
        break;
    }
  }
  return look;
}

std::size_t normalise_path(std::string_view path, std::span<char> out) {
  PEAR_ASSERT(path.starts_with('/') && out.size() >= path.size(), "the parser checked the path");
  std::size_t written = 0;
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '%') {
      out[written++] = path[at];
      continue;
    }
    PEAR_ASSERT(path.size() - at > 2, "the parser checked its escapes");
    const char c = decoded(path.substr(at, 3));
    if (is_unreserved(c)) {
      out[written++] = c;
    } else {
      out[written++] = '%';
      out[written++] = upper_hex(path[at + 1]);
      out[written++] = upper_hex(path[at + 2]);
    }
    at += 2;
  }
  return resolve_dot_segments(out.first(written));
}

std::string_view read_path_loosely(std::string_view path, unsigned loose, std::span<char> out) {
  const auto wants = [loose](Looseness what) { return (loose & static_cast<unsigned>(what)) != 0; };
  std::ranges::copy(path, out.begin());
  std::size_t size = path.size();
  if (wants(Looseness::ParametersFirst)) size = cut_parameters(out.first(size));
  if (wants(Looseness::Decode)) size = decode_all(out.first(size));
  if (wants(Looseness::ParametersLast)) size = cut_parameters(out.first(size));
  if (wants(Looseness::MergeSlashes)) size = merge_slashes(out.first(size));
  return {out.data(), resolve_dot_segments(out.first(size))};
}

}  // namespace pear::base

// The site that conformance suites speak to. It hears a request to its end before it answers, and
// always answers with a body: suites that break a rule after a request's beginning expect to be
// told so, not answered.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <pear/site.h>

namespace {

// How many bytes a path such as /bytes/100000 asks for.
std::optional<std::size_t> bytes_of(std::string_view path) {
  constexpr std::string_view kPrefix = "/bytes/";
  constexpr std::size_t kBytesMax = std::size_t{64} << 20;
  if (!path.starts_with(kPrefix)) {
    return std::nullopt;
  }
  path.remove_prefix(kPrefix.size());
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), size);
  if (error != std::errc{} || end != path.data() + path.size() || size > kBytesMax) {
    return std::nullopt;
  }
  return size;
}

// Words of 64 bits, little-endian, the i-th is i times a large odd number: no piece is like
// another, so that pieces that change places are seen. site_answers.py knows the same.
std::string deterministic(std::size_t size) {
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    std::uint64_t word = at / sizeof(std::uint64_t) * kFactor;
    const std::size_t end = std::min(size, at + sizeof(std::uint64_t));
    for (std::size_t i = at; i < end; ++i, word >>= 8U) {
      bytes[i] = static_cast<char>(word & 0xFFU);
    }
  }
  return bytes;
}

void serve(pear::Request& request, pear::Response& response) {
  constexpr std::size_t kBodyMax = std::size_t{16} << 20;
  const auto body = request.body(kBodyMax);
  if (!body) {
    response.error(pear::status_of(body.error()), "the body cannot be read\n");
    return;
  }
  if (request.path() == "/echo") {
    response.bytes("application/octet-stream", *body);
  } else if (const auto size = bytes_of(request.path())) {
    response.bytes("application/octet-stream", deterministic(*size));
  } else {
    response.text("heard to the end\n");
  }
}

}  // namespace

PEAR_SITE(serve)

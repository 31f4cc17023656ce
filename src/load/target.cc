#include "load/target.h"

#include <algorithm>
#include <charconv>

#include "http/character.h"

namespace pear::load {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::size_t kUrlBytesMax = 8192;

bool is_ipv6_byte(char c) {
  return http::is_in(c, http::CharacterClass::Hex) || c == ':' || c == '.';
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
    return fail(ErrorKind::InvalidInput, "the port of the URL is not a number from 1 to 65535");
  }
  return port;
}

// Splits "host[:port]" or "[v6][:port]".
Result<void> parse_authority(std::string_view authority, Target* target) {
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return fail(ErrorKind::InvalidInput, "the IPv6 address of the URL has no closing bracket");
    }
    target->host = authority.substr(1, close - 1);
    if (!std::ranges::all_of(target->host, is_ipv6_byte)) {
      return fail(ErrorKind::InvalidInput,
                  "the IPv6 address of the URL has a byte that is not allowed");
    }
    rest = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    target->host = authority.substr(0, colon);
    if (!http::all_in(target->host, http::CharacterClass::RegName)) {
      return fail(ErrorKind::InvalidInput, "the host of the URL has a byte that is not allowed");
    }
    rest = authority.substr(colon);
  }
  if (target->host.empty()) return fail(ErrorKind::InvalidInput, "the URL has no host");
  if (rest.empty()) return {};
  if (rest.front() != ':') {
    return fail(ErrorKind::InvalidInput, "the URL has bytes between its host and its path");
  }
  target->port = PEAR_TRY(parse_port(rest.substr(1)));
  return {};
}

}  // namespace

Result<Target> parse_target(std::string_view url) {
  if (url.size() > kUrlBytesMax) {
    return fail(ErrorKind::InvalidInput, "the URL is longer than 8192 bytes");
  }
  const bool secure = url.starts_with(kHttps);
  if (!secure && !url.starts_with(kHttp)) {
    return fail(ErrorKind::InvalidInput, "the URL must start with http:// or https://");
  }
  url.remove_prefix(secure ? kHttps.size() : kHttp.size());
  const std::size_t path_at = std::min(url.find_first_of("/?"), url.size());
  const std::string_view authority = url.substr(0, path_at);
  const std::string_view path = url.substr(path_at);

  Target target{.scheme = secure ? Scheme::Https : Scheme::Http,
                .port = static_cast<std::uint16_t>(secure ? 443 : 80)};
  PEAR_TRY(parse_authority(authority, &target));
  if (!http::all_in(path, http::CharacterClass::Target)) {
    return fail(ErrorKind::InvalidInput,
                "the path of the URL has a space, a '#' or a byte that must be percent-encoded");
  }
  target.authority = authority;
  target.path = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
  return target;
}

namespace {

// Takes "HOST:PORT" from the front, with what ends it.
Result<Detour::Place> take_place(std::string_view* text) {
  Detour::Place place;
  const bool bracketed = text->starts_with('[');
  const std::size_t host_end = bracketed ? text->find(']') : text->find(':');
  if (host_end == std::string_view::npos) {
    return fail(ErrorKind::InvalidInput, "it is not of the form HOST:PORT:TO_HOST:TO_PORT");
  }
  place.host = text->substr(bracketed ? 1 : 0, bracketed ? host_end - 1 : host_end);
  text->remove_prefix(bracketed ? host_end + 1 : host_end);
  if (!text->starts_with(':')) {
    return fail(ErrorKind::InvalidInput, "it is not of the form HOST:PORT:TO_HOST:TO_PORT");
  }
  text->remove_prefix(1);
  const std::size_t port_end = std::min(text->find(':'), text->size());
  if (port_end > 0) place.port = PEAR_TRY(parse_port(text->substr(0, port_end)));
  text->remove_prefix(port_end);
  return place;
}

}  // namespace

Result<Detour> parse_detour(std::string_view text) {
  Detour detour;
  detour.from = PEAR_TRY(take_place(&text));
  if (!text.starts_with(':')) {
    return fail(ErrorKind::InvalidInput, "it is not of the form HOST:PORT:TO_HOST:TO_PORT");
  }
  text.remove_prefix(1);
  detour.to = PEAR_TRY(take_place(&text));
  if (!text.empty()) {
    return fail(ErrorKind::InvalidInput, "it is not of the form HOST:PORT:TO_HOST:TO_PORT");
  }
  return detour;
}

Detour::Place place_of(const Target& target, std::span<const Detour> detours) {
  for (const Detour& detour : detours) {
    const Detour::Place& from = detour.from;
    if (!from.host.empty() && from.host != target.host) continue;
    if (from.port != 0 && from.port != target.port) continue;
    return {.host = detour.to.host.empty() ? target.host : detour.to.host,
            .port = detour.to.port == 0 ? target.port : detour.to.port};
  }
  return {.host = target.host, .port = target.port};
}

}  // namespace pear::load

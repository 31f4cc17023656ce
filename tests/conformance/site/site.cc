// The site that conformance suites speak to. It hears a request to its end before it answers, and
// always answers with a body: suites that break a rule after a request's beginning expect to be
// told so, not answered. site_answers.py says the same for the servers that Pear is compared with.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <pear/site.h>

namespace {

// The number of a path such as /bytes/100000.
std::optional<std::size_t> number_in(std::string_view path, std::string_view prefix,
                                     std::size_t most) {
  if (!path.starts_with(prefix)) {
    return std::nullopt;
  }
  path.remove_prefix(prefix.size());
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  if (error != std::errc{} || end != path.data() + path.size() || number > most) {
    return std::nullopt;
  }
  return number;
}

// Words of 64 bits, little-endian, the i-th is i times a large odd number: no piece is like
// another, so that pieces that change places are seen.
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

// What has been heard, as the site sees it: a line for the request, one for each field, the body.
std::string report(pear::Request& request, std::string_view body) {
  std::string text(request.method_name());
  text.append(" ").append(request.target()).append(" ").append(request.authority()).append("\n");
  request.for_each_header([&](const pear::Header& header) {
    text.append(header.name).append(": ").append(header.value).append("\n");
  });
  return text.append("\n").append(body);
}

// Into the log, so that a test also learns of requests that it has no answer to.
void note(std::string_view what, pear::Request& request) {
  std::string text(what);
  text.append(" ").append(request.method_name()).append(" ").append(request.target());
  pear::log(pear::Level::Info, text);
}

// Pieces that are made one after the other, with time between them.
void stream(pear::Response& response, std::size_t pieces) {
  constexpr std::size_t kPieceBytes = 5000;
  constexpr std::uint64_t kPauseMs = 50;
  pear::BodyWriter out = response.stream("application/octet-stream");
  const std::string bytes = deterministic(pieces * kPieceBytes);
  for (std::size_t i = 0; i < pieces; ++i) {
    if (i > 0) {
      pear::sleep_ms(kPauseMs);
    }
    if (!out.write(std::string_view(bytes).substr(i * kPieceBytes, kPieceBytes)) || !out.flush()) {
      return;
    }
  }
}

constexpr std::string_view kPage = R"(<!doctype html>
<meta charset="utf-8">
<title>conformance</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<p id="text">not run</p>
<script src="/page.js"></script>
)";

void serve(pear::Request& request, pear::Response& response) {
  constexpr std::size_t kBodyMax = std::size_t{16} << 20;
  constexpr std::size_t kBytesMax = std::size_t{64} << 20;
  constexpr std::size_t kPiecesMax = 100;
  const std::string_view path = request.path();
  const bool seen = path.starts_with("/seen");
  if (seen) {
    note("seen begins:", request);
  }
  const auto body = request.body(kBodyMax);
  if (!body) {
    response.error(pear::status_of(body.error()), "the body cannot be read\n");
    return;
  }
  if (seen) {
    note("seen whole:", request);
    response.bytes("application/octet-stream", report(request, *body));
  } else if (path == "/echo") {
    response.bytes("application/octet-stream", *body);
  } else if (const auto size = number_in(path, "/bytes/", kBytesMax)) {
    response.bytes("application/octet-stream", deterministic(*size));
  } else if (const auto pieces = number_in(path, "/stream/", kPiecesMax)) {
    stream(response, *pieces);
  } else if (path == "/page") {
    response.html(kPage);
  } else if (path == "/page.js") {
    response.bytes("text/javascript", "document.getElementById('text').textContent = 'run';\n");
  } else if (path == "/page.css") {
    response.bytes("text/css", "#text { color: rgb(1, 2, 3); }\n");
  } else {
    response.text("heard to the end\n");
  }
}

}  // namespace

PEAR_SITE(serve)

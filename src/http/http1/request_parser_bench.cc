// Cost of the head of one request: paid once for each request.
#include <array>
#include <string>

#include <benchmark/benchmark.h>

#include "http/http1/request_parser.h"

namespace pear::http1 {
namespace {

// 51 bytes.
const char* const kSmall = "GET / HTTP/1.1\r\nHost: localhost:3000\r\nAccept: */*\r\n\r\n";

// 700 bytes, as browsers send.
const char* const kBrowser =
    "GET /shop/products/overview?category=garden&sort=price&page=2 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.example.com/shop/products/overview?category=garden\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; "
    "_ga=GA1.2.1234567890.1234567890\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";

void parse_head(benchmark::State& state, const char* text, const Scanner& scanner) {
  std::string buffer(text);
  std::array<http::Field, 100> fields;
  RequestParser parser({}, scanner);
  for ([[maybe_unused]] auto _ : state) {
    parser.reset();
    auto progress = parser.parse(buffer, fields);
    benchmark::DoNotOptimize(progress);
    benchmark::ClobberMemory();
  }
  if (parser.consumed() != buffer.size()) state.SkipWithError("the request was not accepted");
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(buffer.size()));
}

void BM_SmallRequest(benchmark::State& state) {
  parse_head(state, kSmall, Scanner::best());
}
void BM_BrowserRequest(benchmark::State& state) {
  parse_head(state, kBrowser, Scanner::best());
}
void BM_BrowserRequestScalar(benchmark::State& state) {
  parse_head(state, kBrowser, Scanner::all().back());
}
BENCHMARK(BM_SmallRequest);
BENCHMARK(BM_BrowserRequest);
BENCHMARK(BM_BrowserRequestScalar);

// The worst that a slow client can do: one byte for each call.
void BM_BrowserRequestByteByByte(benchmark::State& state) {
  std::string buffer(kBrowser);
  std::array<http::Field, 100> fields;
  RequestParser parser({});
  for ([[maybe_unused]] auto _ : state) {
    parser.reset();
    for (std::size_t size = 1; size <= buffer.size(); ++size) {
      auto progress = parser.parse(std::span(buffer).first(size), fields);
      benchmark::DoNotOptimize(progress);
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_BrowserRequestByteByByte);

}  // namespace
}  // namespace pear::http1

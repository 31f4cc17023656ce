// Cost of a chunked body: of each chunk, and of the whole.
#include <array>
#include <string>

#include <benchmark/benchmark.h>

#include "http/http1/chunk_parser.h"
#include "http/http1/serialiser.h"

namespace pear::http1 {
namespace {

// 64 chunks of the size that is the benchmark's argument.
void BM_ChunkedBody(benchmark::State& state) {
  const std::string data(static_cast<std::size_t>(state.range(0)), 'x');
  std::string body;
  for (int i = 0; i < 64; ++i) {
    std::array<char, kChunkHeaderBytesMax> header;
    body.append(header.data(), write_chunk_header(data.size(), header));
    body += data;
    body += kChunkEnd;
  }
  body += kLastChunk;
  std::array<http::Field, 4> fields;
  for ([[maybe_unused]] auto _ : state) {
    ChunkParser parser({});
    std::span<char> left(body);
    for (auto event = ChunkParser::Event::Data; event == ChunkParser::Event::Data;) {
      event = parser.parse(left, fields);
      left = left.subspan(parser.consumed());
      benchmark::DoNotOptimize(parser.data());
    }
    if (!left.empty()) state.SkipWithError("the body was not accepted");
  }
  state.SetItemsProcessed(state.iterations() * 64);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(BM_ChunkedBody)->Arg(16)->Arg(4096)->Arg(16384);

}  // namespace
}  // namespace pear::http1

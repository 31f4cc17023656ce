// Cost of a request and its response in memory: frames, HPACK both ways, the rules, and the site's
// calls. The client's side is made of frames that were written before.
//
// "heap" counts calls of malloc and operator new a request, "growths" how often SessionMemory asked
// for more: both are 0 once warm.
#include <array>
#include <cstdint>
#include <new>
#include <string>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "base/assert.h"
#include "http/http2/raw_frames.h"
#include "http/http2/server_session.h"
#include "http/http2/session_memory.h"

namespace {

std::uint64_t heap_calls = 0;  // Of this program's one thread.

}  // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's.
extern "C" void* __libc_malloc(std::size_t bytes);  // NOLINT(bugprone-reserved-identifier)
extern "C" void* malloc(std::size_t bytes) {
  ++heap_calls;
  return __libc_malloc(bytes);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

namespace pear::http2 {
namespace {

// Answers each request with the same small body, as a connection of the data path would.
class Site final : public SessionOwner, public StreamOwner {
 public:
  StreamOwner* on_request(std::int32_t stream, const http::RequestHead& head,
                          Body /*body*/) override {
    benchmark::DoNotOptimize(head.path.data());
    sent_ = 0;
    session->respond(stream, {.status = 200,
                              .fields = kFields,
                              .date = "Mon, 01 Jan 2024 00:00:00 GMT",
                              .has_body = true});
    return this;
  }
  StreamOwner* on_refused(std::int32_t, const http::Refusal&) override { return nullptr; }
  void on_offence(Offence) override { PEAR_UNREACHABLE("the client keeps the rules"); }

  void on_body(std::string_view) override {}
  void on_request_end(std::span<const http::Field>) override {}
  bool on_wrong_length() override { return false; }
  std::optional<http::InterimHead> next_interim() override { return std::nullopt; }
  void on_head_progress() override {}
  void on_malformed(const http::Refusal&) override {}
  void on_closed(ErrorCode) override { ++closed; }
  Ready body_ready(std::size_t max) override {
    return {.bytes = std::min(max, kBody.size() - sent_), .last = true};
  }
  std::string_view body_front() override { return kBody.substr(sent_); }
  void drop_body(std::size_t bytes) override { sent_ += bytes; }
  std::span<const http::Field> trailers() override { return {}; }

  ServerSession* session = nullptr;
  std::uint64_t closed = 0;

 private:
  static constexpr std::string_view kBody = "hello, world";
  static constexpr std::array<http::Field, 3> kFields = {
      {{"content-type", "text/plain"}, {"content-length", "12"}, {"server", "pear"}}};
  std::size_t sent_ = 0;
};

// What a browser sends again and again: all of it lies in the tables of HPACK.
std::string first_block() {
  const FieldPairs fields = {{":authority", "www.example.com"},
                             {"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)"},
                             {"accept", "text/html,application/xhtml+xml"},
                             {"accept-language", "en-GB,en;q=0.5"},
                             {"accept-encoding", "gzip, deflate, br, zstd"}};
  std::string block = "\x82\x87\x84";
  for (const auto& [name, value] : fields)
    block += "\x40" + hpack_string(name) + hpack_string(value);
  return block;
}

void BM_GetAndResponse(benchmark::State& state) {
  SessionMemory memory;
  Site site;
  const auto session = ServerSession::make({}, site, memory);
  site.session = session.get();
  const MonotonicTime now{std::chrono::hours(1)};
  std::array<char, 64UL * 1024> out;
  std::uint32_t stream = 1;
  std::string request = std::string(kPreface) + settings({{4, 1U << 30U}}) +
                        window_update(0, 0x7fff0000U - 65'535U) +
                        raw_frame(FrameType::Headers, 5, stream, first_block());
  const auto exchange = [&] {
    PEAR_ASSERT(session->receive(request, now), "the client keeps the rules");
    benchmark::DoNotOptimize(session->write(out));
  };
  exchange();
  const auto set_stream = [&](std::uint32_t id) {
    const std::string bytes = big_endian(id);
    request.replace(5, 4, bytes);
  };
  request = raw_frame(FrameType::Headers, 5, 3, "\x82\x87\x84\xc2\xc1\xc0\xbf\xbe");
  for (int i = 0; i < 100; ++i) {
    set_stream(stream += 2);
    exchange();
  }
  const std::uint64_t heap_before = heap_calls;
  const std::uint64_t growths_before = memory.growths();
  std::uint64_t heap_of_loop = 0;
  for ([[maybe_unused]] auto _ : state) {
    stream += 2;
    // A number of 4 bytes, in place: no string is made.
    for (unsigned i = 0; i < 4; ++i) {
      request[5 + i] = static_cast<char>(stream >> (24 - 8 * i) & 0xffU);
    }
    exchange();
  }
  heap_of_loop = heap_calls - heap_before;
  PEAR_ASSERT(site.closed > static_cast<std::uint64_t>(state.iterations()), "all were answered");
  state.SetItemsProcessed(state.iterations());
  state.counters["heap"] =
      benchmark::Counter(static_cast<double>(heap_of_loop), benchmark::Counter::kAvgIterations);
  state.counters["growths"] = static_cast<double>(memory.growths() - growths_before);
  state.counters["session_bytes"] = static_cast<double>(session->resident_bytes());
}
BENCHMARK(BM_GetAndResponse);

void BM_Download(benchmark::State& state) {
  class Source final : public SessionOwner, public StreamOwner {
   public:
    StreamOwner* on_request(std::int32_t stream, const http::RequestHead&, Body) override {
      session->respond(stream, {.status = 200, .has_body = true});
      return this;
    }
    StreamOwner* on_refused(std::int32_t, const http::Refusal&) override { return nullptr; }
    void on_offence(Offence) override {}
    void on_body(std::string_view) override {}
    void on_request_end(std::span<const http::Field>) override {}
    bool on_wrong_length() override { return false; }
    std::optional<http::InterimHead> next_interim() override { return std::nullopt; }
    void on_head_progress() override {}
    void on_malformed(const http::Refusal&) override {}
    void on_closed(ErrorCode) override {}
    Ready body_ready(std::size_t max) override { return {.bytes = max, .last = false}; }
    std::string_view body_front() override { return page; }
    void drop_body(std::size_t) override {}
    std::span<const http::Field> trailers() override { return {}; }
    ServerSession* session = nullptr;
    std::string page = std::string(16UL * 1024, 'x');
  };
  SessionMemory memory;
  Source site;
  const auto session = ServerSession::make({}, site, memory);
  site.session = session.get();
  const MonotonicTime now{std::chrono::hours(1)};
  const std::string begin = std::string(kPreface) + settings({{4, 0x7fffffff}}) +
                            window_update(0, 0x7fff0000U - 65'535U) + get(1);
  PEAR_ASSERT(session->receive(begin, now), "the client keeps the rules");
  std::array<char, 64UL * 1024> out;
  const std::string more = window_update(0, 60'000) + window_update(1, 60'000);
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) {
    bytes += session->write(out);
    PEAR_ASSERT(session->receive(more, now), "the client keeps the rules");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(BM_Download);

}  // namespace
}  // namespace pear::http2

// Properties: whatever a client sends,
//   - the site hears the same however the network cuts it, and each stream that began ends once;
//   - what the server sends is HTTP/2 that another implementation reads;
//   - memory stays within a bound, and none is left behind.
//
// The first byte chooses how the input is cut; the rest follows the preface and SETTINGS.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/assert.h"
#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"

namespace {

using pear::http2::Harness;

constexpr std::size_t kMemoryMax = 1024UL * 1024;

// Whole frames of known types; and a client takes them, whatever it thinks of ACKs that it never
// asked for.
void check_output(const std::string& output) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session* client = nullptr;
  nghttp2_option* option = nullptr;
  PEAR_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0, "no memory");
  PEAR_ASSERT(nghttp2_option_new(&option) == 0, "no memory");
  nghttp2_option_set_no_http_messaging(option, 1);
  PEAR_ASSERT(nghttp2_session_client_new2(&client, callbacks, nullptr, option) == 0, "no memory");
  std::size_t bytes = 0;
  for (const auto& frame : pear::http2::frames_in(output)) {
    bytes += 9 + frame.payload.size();
    PEAR_ASSERT(frame.payload.size() <= 16'384, "a frame is larger than the client allowed");
    PEAR_ASSERT(frame.type <= 9 && frame.type != 5 && frame.type != 2, "a frame without a reason");
  }
  PEAR_ASSERT(bytes == output.size(), "a frame is not complete");
  const auto taken = nghttp2_session_mem_recv2(
      client, reinterpret_cast<const std::uint8_t*>(output.data()), output.size());
  PEAR_ASSERT(taken == static_cast<nghttp2_ssize>(output.size()), "the client cannot read it");
  nghttp2_session_del(client);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
}

std::vector<std::string> run(std::string_view input, std::size_t piece) {
  pear::http2::SessionOptions options;
  options.streams_max = 20;
  Harness server(options);
  server.site.answer = {.body = std::string(100, 'b'), .trailers = {{"x-t", "1"}}};
  bool goes_on = server.send(std::string(pear::http2::kPreface) + pear::http2::settings());
  // Written only at the end, so that the cuts are all that differs.
  for (std::size_t at = 0; goes_on && at < input.size(); at += piece) {
    goes_on = server.send_only(input.substr(at, piece));
  }
  PEAR_ASSERT(server.session->resident_bytes() <= kMemoryMax, "memory without a bound");
  server.flush();
  check_output(server.output);
  server.session.reset();
  PEAR_ASSERT(server.memory.bytes_in_use() == 0, "memory was left behind");
  for (const auto& [stream, exchange] : server.site.exchanges) {
    const std::string closed = std::to_string(stream) + " closed";
    PEAR_ASSERT(std::ranges::count_if(
                    server.site.events,
                    [&](const std::string& event) { return event.starts_with(closed); }) == 1,
                "a stream ends once");
  }
  return server.site.events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = run(input, input.size() + 1);
  const auto pieces = run(input, data[0] % 32 + 1UL);
  PEAR_ASSERT(whole == pieces, "what the site hears depends on where the input was cut");
  return 0;
}

// Properties: how the network cuts a PROXY header changes nothing of what it says, and no byte
// behind its end is taken.
//
// The first byte chooses where to cut; the rest is the input. It is read whole, in two pieces, and
// byte by byte; then without what is behind the header, which must be the same header.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "io/proxy_header.h"

namespace {

using pear::io::ProxyHeaderParser;
using pear::io::SocketAddress;
using Progress = ProxyHeaderParser::Progress;

struct Outcome {
  Progress progress = Progress::NeedMore;
  std::size_t consumed = 0;
  SocketAddress source;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view input, std::size_t piece_bytes, std::size_t first_bytes) {
  ProxyHeaderParser parser;
  Outcome outcome;
  std::size_t next = first_bytes;
  while (!input.empty() && outcome.progress == Progress::NeedMore) {
    const std::string_view piece = input.substr(0, std::max<std::size_t>(next, 1));
    outcome.progress = parser.parse(piece);
    PEAR_ASSERT(parser.consumed() <= piece.size(), "consumed bytes that were never given");
    PEAR_ASSERT(outcome.progress != Progress::NeedMore || parser.consumed() == piece.size(),
                "waits for bytes that it has");
    outcome.consumed += parser.consumed();
    input.remove_prefix(parser.consumed());
    next = piece_bytes;
  }
  outcome.source = parser.source();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

  const Outcome whole = read(input, input.size(), input.size());
  PEAR_ASSERT(whole == read(input, input.size(), data[0]), "it depends on where it was cut");
  PEAR_ASSERT(whole == read(input, 1, 1), "it depends on where it was cut");
  if (whole.progress != Progress::Done) return 0;
  const std::string_view header = input.substr(0, whole.consumed);
  PEAR_ASSERT(whole == read(header, header.size(), header.size()), "it looked past its end");
  PEAR_ASSERT(whole.consumed <= ProxyHeaderParser::kBinaryBytesMax, "longer than its limit");
  const Outcome cut = read(header.substr(0, header.size() - 1), size, size);
  PEAR_ASSERT(cut.progress == Progress::NeedMore, "it was over before its end");
  return 0;
}

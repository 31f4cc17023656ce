// Property: how the network cuts a chunked body must not change what comes out of it.
//
// The first two bytes choose the limits and the size of the pieces; the rest is the input.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "http/field_rules.h"
#include "http/http1/chunk_parser.h"

namespace {

using pear::http::Field;
using pear::http1::ChunkLimits;
using pear::http1::ChunkParser;
using Event = ChunkParser::Event;

struct Outcome {
  Event event = Event::NeedMore;
  int status = 0;
  std::string_view reason;
  std::size_t consumed = 0;  // Where the body ended.
  std::string body;
  std::string trailers;

  bool operator==(const Outcome&) const = default;
};

void take_end(const ChunkParser& parser, Outcome* outcome) {
  if (outcome->event == Event::Refused) {
    outcome->status = parser.refusal().status;
    outcome->reason = parser.refusal().reason.view();
    outcome->consumed = 0;  // Meaningless after a refusal.
  }
  if (outcome->event != Event::Done) return;
  PEAR_ASSERT(parser.body_bytes() == outcome->body.size(), "lost or made up body bytes");
  for (const Field& field : parser.trailers()) {
    PEAR_ASSERT(pear::http::is_lower_token(field.name), "name that is no token in lower case");
    PEAR_ASSERT(pear::http::is_field_value(field.value), "value that is none");
    outcome->trailers += std::string(field.name) + ':' + std::string(field.value) + '\n';
  }
}

Outcome parse(std::string_view input, const ChunkLimits& limits, std::size_t step) {
  ChunkParser parser(limits);
  std::vector<Field> storage(100);
  Outcome outcome;
  std::string unread;  // A new allocation for each piece.
  std::size_t given = 0;
  for (;;) {
    std::span<char> left(unread);
    do {
      outcome.event = parser.parse(left, storage);
      PEAR_ASSERT(parser.consumed() <= left.size(), "consumed bytes that were never given");
      outcome.body += parser.data();
      outcome.consumed += parser.consumed();
      left = left.subspan(parser.consumed());
    } while (outcome.event == Event::Data);
    if (outcome.event != Event::NeedMore || given == input.size()) break;
    std::string longer(left.data(), left.size());
    longer += input.substr(given, step);
    given += std::min(step, input.size() - given);
    unread = std::move(longer);
  }
  if (outcome.event == Event::NeedMore) outcome.consumed = 0;  // May stop before or within a line.
  take_end(parser, &outcome);
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  ChunkLimits limits;
  if ((data[0] & 1U) != 0) limits.body_max = 20;
  if ((data[0] & 2U) != 0) limits.extension_max = 5;
  if ((data[0] & 4U) != 0) limits.trailer_max = 24;
  if ((data[0] & 8U) != 0) limits.fields_max = 1;

  const Outcome whole = parse(input, limits, input.size() + 1);
  const Outcome pieces = parse(input, limits, data[1] % 37U + 1);

  PEAR_ASSERT(whole == pieces, "the outcome depends on where the input was cut");
  return 0;
}

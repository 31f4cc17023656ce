#include "http/http1/body_reader.h"

#include <algorithm>

namespace pear::http1 {

using http::Framing;

BodyReader::BodyReader(Framing framing, std::uint64_t length, const ChunkLimits& limits)
    : framing_(framing),
      left_(framing == Framing::Length ? length : limits.body_max),
      too_long_(framing == Framing::Length && length > limits.body_max),
      chunks_(limits) {}

BodyReader::Event BodyReader::read(std::span<char> input, std::span<http::Field> storage) {
  consumed_ = 0;
  data_ = {};
  switch (framing_) {
    case Framing::None:
      return Event::Done;
    case Framing::Chunked: {
      const Event event = chunks_.parse(input, storage);
      consumed_ = chunks_.consumed();
      data_ = chunks_.data();
      if (event == Event::Refused) refusal_ = chunks_.refusal();
      return event;
    }
    case Framing::Length:
      if (left_ == 0) return Event::Done;
      return read_plain(input);
    case Framing::UntilClose:
      return read_plain(input);
  }
  return Event::Refused;
}

BodyReader::Event BodyReader::read_plain(std::span<char> input) {
  const bool past_limit = framing_ == Framing::UntilClose && left_ == 0 && !input.empty();
  if (too_long_ || past_limit) {
    refusal_ = {413, "body is too long"};
    return Event::Refused;
  }
  if (input.empty()) return Event::NeedMore;
  const auto piece = input.first(std::min<std::uint64_t>(left_, input.size()));
  left_ -= piece.size();
  consumed_ = piece.size();
  data_ = {piece.data(), piece.size()};
  return Event::Data;
}

}  // namespace pear::http1

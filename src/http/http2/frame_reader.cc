#include "http/http2/frame_reader.h"

#include <algorithm>
#include <utility>

namespace pear::http2 {
namespace {

std::uint32_t byte_at(std::span<const char> bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint32_t length_in(std::span<const char> head) {
  return byte_at(head, 0) << 16U | byte_at(head, 1) << 8U | byte_at(head, 2);
}

// A number of 31 bits; the reserved bit in front of it is ignored.
std::uint32_t number_in(std::span<const char> bytes, std::size_t at) {
  return (byte_at(bytes, at) & 0x7fU) << 24U | byte_at(bytes, at + 1) << 16U |
         byte_at(bytes, at + 2) << 8U | byte_at(bytes, at + 3);
}

}  // namespace

std::size_t FrameReader::head_bytes(std::span<const char> bytes) {
  if (bytes.size() < 4) return kHeadBytes;
  const std::uint32_t length = length_in(bytes);
  const std::uint32_t type = byte_at(bytes, 3);
  if (type == std::to_underlying(FrameType::Priority) && length == 5) return kHeadBytes + 5;
  if (type == std::to_underlying(FrameType::WindowUpdate) && length == 4) return kHeadBytes + 4;
  return kHeadBytes;
}

FrameReader::Piece FrameReader::give_head(std::span<const char> bytes, Origin origin) {
  head_ = {.length = length_in(bytes),
           .type = static_cast<std::uint8_t>(bytes[3]),
           .flags = static_cast<std::uint8_t>(bytes[4]),
           .stream = number_in(bytes, 5),
           .operand = bytes.size() > kHeadBytes ? number_in(bytes, kHeadBytes) : 0};
  payload_left_ = head_.length - static_cast<std::uint32_t>(bytes.size() - kHeadBytes);
  return {.bytes = bytes, .head = &head_, .origin = origin};
}

FrameReader::Piece FrameReader::next(std::span<const char>* input) {
  while (payload_left_ > 0 && !input->empty()) {
    const auto taken = input->first(std::min<std::size_t>(payload_left_, input->size()));
    payload_left_ -= static_cast<std::uint32_t>(taken.size());
    *input = input->subspan(taken.size());
    if (!dropping_) return {.bytes = taken};
  }
  if (payload_left_ > 0 || input->empty()) return {};
  dropping_ = false;

  if (kept_bytes_ == 0 && input->size() >= kHeadBytesMax) {
    const auto head = input->first(head_bytes(*input));
    *input = input->subspan(head.size());
    return give_head(head, Origin::Input);
  }
  // In part, or too near to the end to tell: byte by byte into the copy.
  for (;;) {
    const std::span<const char> kept(kept_.data(), kept_bytes_);
    if (kept_bytes_ == head_bytes(kept)) {
      kept_bytes_ = 0;
      return give_head(kept, Origin::Kept);
    }
    if (input->empty()) return {};
    kept_[kept_bytes_++] = input->front();
    *input = input->subspan(1);
  }
}

}  // namespace pear::http2

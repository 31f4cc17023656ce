// Output: an output-stream of the host, with small pieces gathered into fewer host calls.
//
// Thread: a guest has one. Memory: the gathered bytes lie in the request's arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "pear/abi.h"

namespace pear {

class Output {
 public:
  // Takes the stream; close() gives it back.
  explicit Output(abi::Handle stream) : stream_(stream) {}

  // False: the other side has gone away.
  bool write(std::string_view bytes) {
    if (broken_) return false;
    if (bytes.size() > kGatherBytes - gathered_) {
      if (!send_gathered()) return false;
      if (bytes.size() >= kGatherBytes) return write_through(bytes);
    }
    if (bytes.empty()) return true;
    if (buffer_ == nullptr)
      buffer_ = reinterpret_cast<char*>(abi::arena.allocate(kGatherBytes, 16));
    std::memcpy(buffer_ + gathered_, bytes.data(), bytes.size());
    gathered_ += bytes.size();
    return true;
  }

  bool flush() {
    if (gathered_ > 0) return send_gathered();
    if (broken_) return false;
    abi::UnitStreamResult result;
    abi::pear_stream_blocking_flush(stream_, &result);
    return accept(result);
  }

  // Writes and flushes what was gathered.
  bool send_gathered() {
    const std::size_t size = gathered_;
    gathered_ = 0;
    return write_through({buffer_, size});
  }

  // Past the gathering: one host call for up to 4 KiB, which are then flushed.
  bool write_through(std::string_view bytes) {
    if (broken_) return false;
    if (bytes.empty()) return true;
    if (bytes.size() <= kGatherBytes) {
      abi::UnitStreamResult result;
      abi::pear_stream_blocking_write_and_flush(stream_, bytes.data(), size32(bytes), &result);
      return accept(result);
    }
    return write_as_permitted(bytes);
  }

  void close() {
    if (pollable_open_) abi::pear_pollable_drop(pollable_);
    pollable_open_ = false;
    abi::pear_output_stream_drop(stream_);
  }

 private:
  // The most that blocking-write-and-flush takes. Source: wasi:io/streams.
  static constexpr std::size_t kGatherBytes = 4096;

  static std::uint32_t size32(std::string_view bytes) {
    return static_cast<std::uint32_t>(bytes.size());
  }

  bool write_as_permitted(std::string_view bytes) {
    while (!bytes.empty()) {
      abi::PermitResult permit;
      abi::pear_stream_check_write(stream_, &permit);
      if (permit.failed != 0) return fail(permit.error);
      if (permit.permit == 0) {
        wait();
        continue;
      }
      const std::string_view piece = bytes.substr(
          0, permit.permit < bytes.size() ? static_cast<std::size_t>(permit.permit) : bytes.size());
      abi::UnitStreamResult result;
      abi::pear_stream_write(stream_, piece.data(), size32(piece), &result);
      if (!accept(result)) return false;
      bytes.remove_prefix(piece.size());
    }
    return true;
  }

  void wait() {
    if (!pollable_open_) pollable_ = abi::pear_output_stream_subscribe(stream_);
    pollable_open_ = true;
    abi::pear_pollable_block(pollable_);
  }

  bool accept(const abi::UnitStreamResult& result) {
    return result.failed == 0 || fail(result.error);
  }
  bool fail(const abi::StreamError& error) {
    abi::drop_error(error);
    broken_ = true;
    return false;
  }

  abi::Handle stream_;
  abi::Handle pollable_ = 0;
  bool pollable_open_ = false;
  bool broken_ = false;
  char* buffer_ = nullptr;
  std::size_t gathered_ = 0;
};

}  // namespace pear

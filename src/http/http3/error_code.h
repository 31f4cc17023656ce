// ErrorCode: why a stream or a connection of HTTP/3 ends, as RESET_STREAM, STOP_SENDING and
// CONNECTION_CLOSE say it.
//
// Source: RFC 9114, section 8.1; RFC 9204, section 6.
// Thread: a value.
#pragma once

#include <cstdint>

namespace pear::http3 {

// A peer may send numbers that are not here: they are kept as they are.
enum class ErrorCode : std::uint64_t {
  NoError = 0x100,
  GeneralProtocolError = 0x101,
  InternalError = 0x102,
  StreamCreationError = 0x103,
  ClosedCriticalStream = 0x104,
  FrameUnexpected = 0x105,
  FrameError = 0x106,
  ExcessiveLoad = 0x107,
  IdError = 0x108,
  SettingsError = 0x109,
  MissingSettings = 0x10a,
  RequestRejected = 0x10b,
  RequestCancelled = 0x10c,
  RequestIncomplete = 0x10d,
  MessageError = 0x10e,
  ConnectError = 0x10f,
  VersionFallback = 0x110,
  QpackDecompressionFailed = 0x200,
  QpackEncoderStreamError = 0x201,
  QpackDecoderStreamError = 0x202,
};

}  // namespace pear::http3

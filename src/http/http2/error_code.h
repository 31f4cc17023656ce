// ErrorCode: why a stream or a connection of HTTP/2 ends, as RST_STREAM and GOAWAY say it.
//
// Source: RFC 9113, section 7.
// Thread: a value.
#pragma once

#include <cstdint>
#include <string_view>

namespace pear::http2 {

// A peer may send numbers that are not here: they are kept as they are.
enum class ErrorCode : std::uint32_t {
  NoError = 0x0,
  ProtocolError = 0x1,
  InternalError = 0x2,
  FlowControlError = 0x3,
  SettingsTimeout = 0x4,
  StreamClosed = 0x5,
  FrameSizeError = 0x6,
  RefusedStream = 0x7,
  Cancel = 0x8,
  CompressionError = 0x9,
  ConnectError = 0xa,
  EnhanceYourCalm = 0xb,
  InadequateSecurity = 0xc,
  Http11Required = 0xd,
};

// As the RFC spells it; "unknown error code" for numbers that it does not name.
[[nodiscard]] constexpr std::string_view to_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::NoError:
      return "NO_ERROR";
    case ErrorCode::ProtocolError:
      return "PROTOCOL_ERROR";
    case ErrorCode::InternalError:
      return "INTERNAL_ERROR";
    case ErrorCode::FlowControlError:
      return "FLOW_CONTROL_ERROR";
    case ErrorCode::SettingsTimeout:
      return "SETTINGS_TIMEOUT";
    case ErrorCode::StreamClosed:
      return "STREAM_CLOSED";
    case ErrorCode::FrameSizeError:
      return "FRAME_SIZE_ERROR";
    case ErrorCode::RefusedStream:
      return "REFUSED_STREAM";
    case ErrorCode::Cancel:
      return "CANCEL";
    case ErrorCode::CompressionError:
      return "COMPRESSION_ERROR";
    case ErrorCode::ConnectError:
      return "CONNECT_ERROR";
    case ErrorCode::EnhanceYourCalm:
      return "ENHANCE_YOUR_CALM";
    case ErrorCode::InadequateSecurity:
      return "INADEQUATE_SECURITY";
    case ErrorCode::Http11Required:
      return "HTTP_1_1_REQUIRED";
  }
  return "unknown error code";
}

}  // namespace pear::http2

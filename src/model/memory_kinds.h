// MemoryKinds: what the memory is for that a core holds for clients. The names are the metrics'.
//
// Thread: values.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pear::model {

enum class MemoryKind : std::uint8_t {
  Bodies,       // Chunks of requests and responses that somebody has not taken yet.
  Heads,        // Of requests and responses under way.
  Connections,  // Bytes that connections have read ahead, or that the kernel did not take.
  Http2,        // Sessions of HTTP/2.
  Kept,         // Of all of these: free, and kept for the next.
};
inline constexpr std::array<std::string_view, 5> kMemoryKinds{"bodies", "heads", "connections",
                                                              "http2", "kept"};

}  // namespace pear::model

// ClientProtocol: what one connection of the load generator speaks.
//
// The connection moves bytes, the protocol says what they mean. HTTP/1.1 (http1_client.h) has one
// request at a time; a protocol that has several (HTTP/2, HTTP/3) says so in streams_max() and
// names the stream in each event.
//
// Thread: core-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "load/workload.h"

namespace pear::load {

struct AnswerEvent {
  enum class Kind : std::uint8_t {
    NeedMore,  // Nothing more in these bytes. What was not consumed comes again, with more.
    Body,      // `body` is the next piece of the answer's body.
    Done,      // The answer is complete.
    Broken,    // What came is no answer. The connection is of no use any more.
  };

  Kind kind = Kind::NeedMore;
  std::uint64_t stream = 0;
  std::size_t consumed = 0;  // Bytes of the input that are done with.
  std::string_view body;     // Lives as long as the input.
  std::uint16_t status = 0;  // With Done.
  bool reusable = false;     // With Done: another request may follow on this connection.
};

class ClientProtocol {
 public:
  ClientProtocol() = default;
  virtual ~ClientProtocol() = default;
  ClientProtocol(const ClientProtocol&) = delete;
  ClientProtocol& operator=(const ClientProtocol&) = delete;
  ClientProtocol(ClientProtocol&&) = delete;
  ClientProtocol& operator=(ClientProtocol&&) = delete;

  // Requests that may be under way at once.
  [[nodiscard]] virtual std::uint32_t streams_max() const = 0;

  // Starts a request and gives the bytes to send for it, which live as long as the request. At most
  // streams_max() are under way.
  [[nodiscard]] virtual std::string_view start(const PreparedRequest& request) = 0;

  // Reads on. Called again with what is left until it says NeedMore or Broken.
  [[nodiscard]] virtual AnswerEvent receive(std::span<char> input) = 0;

  // The peer has ended the connection: Done where that is the answer's end, else Broken.
  [[nodiscard]] virtual AnswerEvent receive_end() = 0;
};

}  // namespace pear::load

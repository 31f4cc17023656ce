// RequestOwner: who sends requests over a multiplexed connection, as the client's session of its
// protocol (HTTP/2, HTTP/3) tells it what comes of them.
//
// The session calls it from within its own functions. It may call any function of the session, but
// must not destroy it.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <string_view>

namespace pear::http {

// The owner's name for a request: small, unique among those that have not ended, used again.
using RequestTag = std::uint32_t;

enum class RequestEnd : std::uint8_t {
  Answered,      // The whole answer has come.
  NotProcessed,  // The server says that it did nothing with it: it may be sent again.
  Reset,         // The server gave it up, alone: the connection goes on.
  Broken,        // What came breaks the protocol's rules.
};

class RequestOwner {
 public:
  RequestOwner() = default;
  RequestOwner(const RequestOwner&) = delete;
  RequestOwner& operator=(const RequestOwner&) = delete;
  RequestOwner(RequestOwner&&) = delete;
  RequestOwner& operator=(RequestOwner&&) = delete;

  // The next piece of the answer's body, which lives until the call returns.
  virtual void on_body(RequestTag tag, std::string_view piece) = 0;
  // The last call for this request. `status` is that of the final answer, with Answered.
  virtual void on_end(RequestTag tag, RequestEnd end, std::uint16_t status) = 0;

 protected:
  ~RequestOwner() = default;
};

}  // namespace pear::http

// ClientSession: the client's side of one HTTP/2 connection: requests in, frames out; frames in,
// answers out. No sockets, no clock. For load and tests: it believes that its answers are wanted,
// and offers windows that never hold a server up.
//
// Source:  RFC 9113; nghttp2 does all of it.
// Thread:  core-local.
// Memory:  nghttp2's, about 8 KiB, and 64 bytes for each tag.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/field.h"
#include "http/http2/error_code.h"
#include "http/request_owner.h"

struct nghttp2_session;

namespace pear::http2 {

class ClientSession {
  struct Key {};  // Only make() has it.

 public:
  // Bytes of answers that a server may send before any is read, on a stream and on all.
  static constexpr std::int32_t kWindow = (1 << 30) - 1;

  // Null without memory. `owner` outlives it. The preface waits to be written.
  [[nodiscard]] static std::unique_ptr<ClientSession> make(http::RequestOwner& owner);
  ClientSession(Key /*key*/, http::RequestOwner& owner) : owner_(owner) {}
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  ClientSession(ClientSession&&) = delete;
  ClientSession& operator=(ClientSession&&) = delete;

  // Begins a request. `fields` (pseudo-header fields first) and `body` live until its on_end().
  // False: the connection takes no more. Beyond streams_max() it waits within.
  [[nodiscard]] bool request(http::RequestTag tag, std::span<const http::Field> fields,
                             std::string_view body);
  // Gives a request up (RST_STREAM): nothing more is told of it.
  void cancel(http::RequestTag tag);
  // No GOAWAY has come, and stream ids are left.
  [[nodiscard]] bool takes_requests() const;
  // What the server allows at a time.
  [[nodiscard]] std::uint32_t streams_max() const;

  // False: the server broke the protocol.
  [[nodiscard]] bool receive(std::span<const char> input);
  // Appends what is due, until `out` has `enough` bytes or all is said. False: it cannot go on.
  [[nodiscard]] bool write(std::string& out, std::size_t enough);
  // Nothing will be read or written any more.
  [[nodiscard]] bool over() const;
  // The server has ended the connection with an error (GOAWAY).
  [[nodiscard]] bool aborted() const { return aborted_; }

 private:
  struct Callbacks;
  // One request, by its tag.
  struct Stream {
    http::RequestTag tag = 0;
    std::int32_t id = 0;  // 0: none is under way.
    std::uint16_t status = 0;
    bool reset_by_peer = false;
    std::string_view body;  // What is not sent yet.
  };

  [[nodiscard]] bool open();
  void end(Stream& stream, http::RequestEnd how);

  http::RequestOwner& owner_;
  nghttp2_session* session_ = nullptr;  // Owned.
  std::deque<Stream> streams_;          // By tag; nghttp2 points into it.
  bool aborted_ = false;
  bool broken_ = false;  // By what the server sent.
};

}  // namespace pear::http2

// Http2Client: http2::ClientSession as a ClientProtocol.
//
// Thread: core-local.
// Memory: the session's, and what is not sent yet: at most kOutputBytes and a frame.
#pragma once

#include <memory>
#include <string>

#include "http/http2/client_session.h"
#include "load/client_protocol.h"

namespace pear::load {

class Http2Client final : public ClientProtocol {
 public:
  // What goes out with one write.
  static constexpr std::size_t kOutputBytes = 64UL * 1024;

  // `owner` outlives it.
  explicit Http2Client(http::RequestOwner& owner);

  [[nodiscard]] std::uint32_t requests_max() const override;
  [[nodiscard]] bool request(http::RequestTag tag, const PreparedRequest& request) override;
  [[nodiscard]] bool cancel(http::RequestTag tag) override;
  [[nodiscard]] Received receive(std::span<char> input) override;
  void receive_end() override {}
  [[nodiscard]] std::string_view output() override;
  void drop(std::size_t bytes) override { sent_ += bytes; }

 private:
  std::unique_ptr<http2::ClientSession> session_;
  std::string output_;
  std::size_t sent_ = 0;  // Of output_.
};

}  // namespace pear::load

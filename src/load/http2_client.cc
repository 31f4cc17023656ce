#include "load/http2_client.h"

#include "base/assert.h"

namespace pear::load {

Http2Client::Http2Client(http::RequestOwner& owner) : session_(http2::ClientSession::make(owner)) {
  PEAR_ASSERT(session_ != nullptr, "out of memory");
}

std::uint32_t Http2Client::requests_max() const {
  return session_->takes_requests() ? session_->streams_max() : 0;
}

bool Http2Client::request(http::RequestTag tag, const PreparedRequest& request) {
  return session_->request(tag, request.fields, request.body);
}

bool Http2Client::cancel(http::RequestTag tag) {
  session_->cancel(tag);
  return true;
}

ClientProtocol::Received Http2Client::receive(std::span<char> input) {
  if (!session_->receive(input)) return Received::Broken;
  if (session_->aborted()) return Received::Aborted;
  return session_->over() ? Received::Over : Received::GoesOn;
}

std::string_view Http2Client::output() {
  if (sent_ == output_.size()) {
    output_.clear();
    sent_ = 0;
    // Where nghttp2 cannot go on it has said so with a GOAWAY: the connection ends.
    static_cast<void>(session_->write(output_, kOutputBytes));
  }
  return std::string_view(output_).substr(sent_);
}

}  // namespace pear::load

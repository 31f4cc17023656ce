#include "data/protocol/http1_connections.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace pear::data::protocol {

Http1Connections::Http1Connections(Shared& shared, Http2Connections& http2)
    : shared_(shared),
      http2_(http2),
      connections_(shared.settings.http.connections_max),
      requests_(shared.settings.http.connections_max),
      joined_bytes_(0) {
  use_settings();
}

Http1Connections::~Http1Connections() {
  close_all();
  free_closed();
}

void Http1Connections::use_settings() {
  const config::HttpLimits& http = shared_.settings.http;
  head_limits_ = {.request_line_max = static_cast<std::uint32_t>(http.request_line_max.count),
                  .header_max = static_cast<std::uint32_t>(http.header_max.count),
                  .fields_max = http.fields_max};
  chunk_limits_ = {.body_max = http.body_max.count,
                   .extension_max = static_cast<std::uint32_t>(http.chunk_extension_max.count),
                   .trailer_max = static_cast<std::uint32_t>(http.header_max.count),
                   .fields_max = http.fields_max};
  // Never less: what connections have kept must fit.
  const std::size_t joined = http.header_max.count + 3 * io::Reactor::kReadBufferBytes;
  if (joined <= joined_bytes_) return;
  joined_bytes_ = joined;
  joined_.reset();
}

bool Http1Connections::add(io::tls::ByteStream stream, Peer peer) {
  Http1Connection* const connection =
      connections_.create(*this, std::move(stream), std::move(peer));
  if (connection == nullptr) return false;
  if (!connection->open()) {
    connections_.destroy(*connection);
    return false;
  }
  rests(*connection);
  if (draining_) connection->drain();
  return true;
}

void Http1Connections::rests(Http1Connection& connection) {
  connection.idle_since_ = shared_.path.now();
  connection.base::ListHook<Http1Connection>::unlink();
  alive_.push_back(connection);
}

void Http1Connections::drain() {
  draining_ = true;
  for (auto next = alive_.begin(); next != alive_.end();) (*next++).drain();
}

void Http1Connections::close_all() {
  while (Http1Connection* const connection = alive_.front()) connection->close();
}

void Http1Connections::free_closed() {
  while (Http1Connection* const connection = closed_.pop_front()) {
    connections_.destroy(*connection);
  }
}

}  // namespace pear::data::protocol

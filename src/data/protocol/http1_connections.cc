#include "data/protocol/http1_connections.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace pear::data::protocol {

Http1Connections::Http1Connections(Shared& shared, Http2Connections& http2)
    : shared_(shared),
      http2_(http2),
      head_limits_{.request_line_max =
                       static_cast<std::uint32_t>(shared.settings.http.request_line_max.count),
                   .header_max = static_cast<std::uint32_t>(shared.settings.http.header_max.count),
                   .fields_max = shared.settings.http.fields_max},
      chunk_limits_{
          .body_max = shared.settings.http.body_max.count,
          .extension_max =
              static_cast<std::uint32_t>(shared.settings.http.chunk_extension_max.count),
          .trailer_max = static_cast<std::uint32_t>(shared.settings.http.header_max.count),
          .fields_max = shared.settings.http.fields_max},
      connections_(shared.settings.http.connections_max),
      requests_(shared.settings.http.connections_max),
      joined_bytes_(shared.settings.http.header_max.count + 3 * io::Reactor::kReadBufferBytes) {}

Http1Connections::~Http1Connections() {
  close_all();
  free_closed();
}

bool Http1Connections::add(io::tls::ByteStream stream, Peer peer) {
  Http1Connection* const connection =
      connections_.create(*this, std::move(stream), std::move(peer));
  if (connection == nullptr) return false;
  if (!connection->open()) {
    connections_.destroy(*connection);
    return false;
  }
  alive_.push_back(*connection);
  if (draining_) connection->drain();
  return true;
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

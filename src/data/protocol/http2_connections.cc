#include "data/protocol/http2_connections.h"

#include <utility>

namespace pear::data::protocol {

namespace {

http2::SessionOptions options_of(const config::ServerSettings& settings) {
  http2::SessionOptions options;
  options.head = {
      .request_line_max = static_cast<std::uint32_t>(settings.http.request_line_max.count),
      .header_max = static_cast<std::uint32_t>(settings.http.header_max.count),
      .fields_max = settings.http.fields_max};
  options.streams_max = settings.http2.streams_max;
  options.stream_window = static_cast<std::uint32_t>(settings.http.request_buffer.count);
  options.connection_window = static_cast<std::uint32_t>(settings.http2.connection_window.count);
  return options;
}

}  // namespace

Http2Connections::Http2Connections(Shared& shared)
    : shared_(shared),
      options_(options_of(shared.settings)),
      connections_(shared.settings.http.connections_max),
      // As many as there are exchanges: the path's own limit.
      streams_(std::size_t{2} * shared.settings.http.connections_max) {}

Http2Connections::~Http2Connections() {
  close_all();
  free_closed();
}

void Http2Connections::use_settings() {
  options_ = options_of(shared_.settings);
}

void Http2Connections::add(io::tls::ByteStream stream, Peer peer, std::span<const char> input) {
  Http2Connection* const connection =
      connections_.create(*this, std::move(stream), std::move(peer));
  if (connection == nullptr) return;
  if (!connection->open(input)) {
    connections_.destroy(*connection);
    return;
  }
  rests(*connection);
  if (draining_) connection->drain();
}

void Http2Connections::write() {
  // Those that ask for another go while this runs have it in the next turn.
  base::IntrusiveList<Http2Connection, UnwrittenTag> now;
  while (Http2Connection* const connection = unwritten_.pop_front()) now.push_back(*connection);
  while (Http2Connection* const connection = now.pop_front()) connection->write();
}

void Http2Connections::rests(Http2Connection& connection) {
  connection.idle_since_ = shared_.path.now();
  connection.base::ListHook<Http2Connection>::unlink();
  alive_.push_back(connection);
}

void Http2Connections::drain() {
  draining_ = true;
  for (auto next = alive_.begin(); next != alive_.end();) (*next++).drain();
}

void Http2Connections::close_all() {
  while (Http2Connection* const connection = alive_.front()) connection->close();
}

void Http2Connections::free_closed() {
  while (Http2Connection* const connection = closed_.pop_front()) {
    connections_.destroy(*connection);
  }
}

}  // namespace pear::data::protocol

#include "data/protocol/connections.h"

#include <utility>

namespace pear::data::protocol {

void Connections::add(io::tls::ByteStream stream, Peer peer) {
  const bool http2 =
      stream.session() != nullptr && stream.session()->application() == io::tls::Application::Http2;
  if (http2) {
    http2_.add(std::move(stream), std::move(peer), {});
  } else {
    static_cast<void>(http1_.add(std::move(stream), std::move(peer)));
  }
}

void Connections::write() {
  http2_.write();
  http3_.write();
  shared_.counters.connections_open.set(open());
}

void Connections::drain() {
  http1_.drain();
  http2_.drain();
  http3_.drain();
}

void Connections::close_all() {
  http1_.close_all();
  http2_.close_all();
  http3_.close_all();
}

}  // namespace pear::data::protocol

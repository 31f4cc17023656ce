#include "data/protocol/connections.h"

#include <algorithm>
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

std::size_t Connections::retire_idle(std::size_t count) {
  const auto since = [](const auto* connection) {
    return connection == nullptr ? MonotonicTime::max() : connection->idle_since();
  };
  std::size_t retired = 0;
  for (; retired < count; ++retired) {
    Http1Connection* const first = http1_.longest_idle();
    Http2Connection* const second = http2_.longest_idle();
    Http3Connection* const third = http3_.longest_idle();
    const MonotonicTime longest = std::min({since(first), since(second), since(third)});
    if (longest == MonotonicTime::max()) break;
    if (since(first) == longest) {
      first->drain();
    } else if (since(second) == longest) {
      second->drain();
    } else {
      third->drain();
    }
  }
  return retired;
}

void Connections::close_all() {
  http1_.close_all();
  http2_.close_all();
  http3_.close_all();
}

}  // namespace pear::data::protocol

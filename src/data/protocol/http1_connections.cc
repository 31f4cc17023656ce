#include "data/protocol/http1_connections.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace pear::data::protocol {

Http1Connections::Http1Connections(const Parts& parts)
    : parts_(parts),
      head_limits_{.request_line_max =
                       static_cast<std::uint32_t>(parts.settings.http.request_line_max.count),
                   .header_max = static_cast<std::uint32_t>(parts.settings.http.header_max.count),
                   .fields_max = parts.settings.http.fields_max},
      chunk_limits_{.body_max = parts.settings.http.body_max.count,
                    .extension_max =
                        static_cast<std::uint32_t>(parts.settings.http.chunk_extension_max.count),
                    .trailer_max = static_cast<std::uint32_t>(parts.settings.http.header_max.count),
                    .fields_max = parts.settings.http.fields_max},
      connections_(parts.settings.http.connections_max),
      requests_(parts.settings.http.connections_max),
      output_(std::make_unique_for_overwrite<char[]>(kOutputBytes)),
      joined_bytes_(parts.settings.http.header_max.count + 3 * io::Reactor::kReadBufferBytes) {}

Http1Connections::~Http1Connections() {
  close_all();
  free_closed();
}

bool Http1Connections::add(io::UniqueFd socket, const io::SocketAddress& peer) {
  Http1Connection* const connection = connections_.create(*this, std::move(socket), peer);
  if (connection == nullptr) return false;
  if (!connection->open()) {
    connections_.destroy(*connection);
    return false;
  }
  alive_.push_back(*connection);
  parts_.counters.connections_open.set(connections_.live());
  if (draining_) connection->drain();
  return true;
}

void Http1Connections::set_wall_time(WallTime now) {
  const auto second =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second == date_second_) return;
  date_second_ = second;
  date_ = http::format_date(second);
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
  parts_.counters.connections_open.set(connections_.live());
}

}  // namespace pear::data::protocol

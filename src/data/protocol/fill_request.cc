#include "data/protocol/fill_request.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/uri_path.h"

namespace pear::data::protocol {

void fill_client(Exchange& exchange, const net::IpAddress& client) {
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), client.bytes().data(), sizeof halves);
  exchange.client_address = client;
  exchange.client_hash = client.is_ipv4() ? halves[1] : halves[0];  // A client has a whole /64.
  exchange.client = exchange.arena.copy(client.text().view()).value_or("");
}

bool fill_path(Exchange& exchange, std::string_view path_with_query, std::size_t path_bytes) {
  Request& request = exchange.request;
  request.path_with_query = path_with_query;
  request.path = path_with_query.substr(0, path_bytes);
  base::PathLook look = base::look_at_path(request.path);
  if (!look.is_normal) {
    auto* const room = static_cast<char*>(exchange.arena.alloc(path_with_query.size(), 1));
    if (room == nullptr) return false;
    const std::size_t size = base::normalise_path(request.path, {room, request.path.size()});
    const auto end = std::ranges::copy(path_with_query.substr(request.path.size()), room + size);
    request.path = {room, size};
    request.path_with_query = {room, static_cast<std::size_t>(end.out - room)};
    look = base::look_at_path(request.path);
  }
  request.path_has_one_reading = look.has_one_reading;
  return true;
}

}  // namespace pear::data::protocol

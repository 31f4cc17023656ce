#include "data/security/admission.h"

#include <utility>

#include "data/security/subject.h"

namespace pear::security {

using model::ConnectionRefusal;

namespace {

// Kinds of requests begin behind those of connections (request_rates.cc).
std::uint64_t hash_of(ConnectionRefusal kind, const net::IpAddress& client, const KeyedHash& hash) {
  return Subject{.kind = std::to_underlying(kind), .address = client_of(client)}.hash(hash);
}

}  // namespace

std::optional<CountedConnection> Admission::admit(const net::IpAddress& client,
                                                  Handshake handshake) {
  if (trusted_.contains(client)) return CountedConnection();
  const config::ServerSettings& settings = parts_.settings;
  auto place = std::optional<CountedConnection>(CountedConnection());
  if (const std::uint32_t most = settings.http.connections_per_address_max; most != 0) {
    place = parts_.limits.connections.count(
        hash_of(ConnectionRefusal::TooMany, client, parts_.limits.hash), most);
    if (!place) {
      refuse(ConnectionRefusal::TooMany, client);
      return std::nullopt;
    }
  }
  const config::ConnectionRates& rates = settings.rate_limit;
  const bool welcome =
      allows(rates.connections_per_address, ConnectionRefusal::Rate, client) &&
      (handshake == Handshake::None ||
       allows(rates.handshakes_per_address, ConnectionRefusal::HandshakeRate, client));
  if (!welcome) return std::nullopt;
  return place;
}

bool Admission::allows(const config::Rate& rate, ConnectionRefusal kind,
                       const net::IpAddress& client) {
  if (rate.count == 0) return true;
  const auto answer =
      parts_.limits.buckets.take(hash_of(kind, client, parts_.limits.hash), rule_of(rate),
                                 Keep::AsLongAsThereIsRoom, parts_.time.now);
  if (answer.forgot) parts_.counters.limits_forgotten.add();
  if (!answer.allowed) refuse(kind, client);
  return answer.allowed;
}

void Admission::refuse(ConnectionRefusal why, const net::IpAddress& client) {
  parts_.counters.connections_refused[std::to_underlying(why)].add();
  parts_.notices.connection_refused(why, client);
}

}  // namespace pear::security

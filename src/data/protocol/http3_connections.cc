#include "data/protocol/http3_connections.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "io/datagram_steering.h"

namespace pear::data::protocol {

using http3::PacketHead;
using http3::PacketType;

namespace {

// Answers to packets that belong to no connection, of one core. They are small and smaller than
// what asked for them; more would make Pear a mirror for others' floods.
constexpr http::FloodRate kResets{.burst = 100, .per_second = 100};
constexpr http::FloodRate kRetries{.burst = 20'000, .per_second = 20'000};
constexpr http::FloodRate kVersions{.burst = 100, .per_second = 100};

// An id that a client makes up has at least so many bytes (RFC 9000, section 7.2).
constexpr std::size_t kFirstIdBytesMin = 8;

// Behind our own idle timeout, which says goodbye.
constexpr std::chrono::milliseconds kSilence{5'000};

http3::SessionOptions session_options(const config::ServerSettings& settings) {
  http3::SessionOptions options;
  options.head = {
      .request_line_max = static_cast<std::uint32_t>(settings.http.request_line_max.count),
      .header_max = static_cast<std::uint32_t>(settings.http.header_max.count),
      .fields_max = settings.http.fields_max};
  options.stream_window = static_cast<std::uint32_t>(settings.http.request_buffer.count);
  return options;
}

http3::Congestion congestion_of(config::Congestion congestion) {
  switch (congestion) {
    case config::Congestion::Cubic:
      return http3::Congestion::Cubic;
    case config::Congestion::Reno:
      return http3::Congestion::Reno;
    case config::Congestion::Bbr:
      return http3::Congestion::Bbr;
  }
  PEAR_UNREACHABLE("a congestion control without a name");
}

http3::TransportOptions transport_options(const config::ServerSettings& settings) {
  http3::TransportOptions options;
  options.idle_timeout = std::max<std::chrono::milliseconds>(settings.http.idle_timeout,
                                                             settings.http.header_timeout) +
                         kSilence;
  options.streams_max = settings.http3.streams_max;
  options.stream_window = settings.http.request_buffer.count;
  options.connection_window = settings.http3.connection_window.count;
  // What is past header_max is answered, what is far past it ends the connection.
  options.field_section_max = 2 * settings.http.header_max.count + 16UL * 1024;
  options.congestion = congestion_of(settings.http3.congestion);
  return options;
}

}  // namespace

Http3Connections::Http3Connections(Shared& shared)
    : shared_(shared),
      datagram_bytes_max_(http3::TransportOptions().datagram_bytes_max),
      workspace_(session_options(shared.settings),
                 std::size_t{2} * shared.settings.http.connections_max),
      connections_(shared.settings.http.connections_max),
      // As many as there are exchanges: the path's own limit.
      streams_(std::size_t{2} * shared.settings.http.connections_max),
      answers_({kResets, kRetries, kVersions}) {
  use_settings();
}

void Http3Connections::use_settings() {
  workspace_.use(session_options(shared_.settings));
  const http3::TransportOptions options = transport_options(shared_.settings);
  if (!transports_.empty() && options == transport_options_) return;
  transport_options_ = options;
  // Connections refer to the one that they began with.
  if (connections_.live() == 0) transports_.clear();
  transports_.push_back(std::make_unique<http3::TransportConfig>(options));
}

Http3Connections::~Http3Connections() {
  close_all();
  free_closed();
}

// ---- Ids.

Http3Connections::Id Http3Connections::make_id() const {
  Id id{};
  do {
    io::tls::QuicSecrets::fill_random(id);
    // The first byte says whose it is: of all that do, any.
    const unsigned cores = shared_.cores;
    const unsigned core = std::to_underlying(shared_.core);
    const unsigned rounds = (256 - core + cores - 1) / cores;
    id[0] = static_cast<std::uint8_t>(core + id[0] % rounds * cores);
  } while (by_number_.contains(number_of(id)));
  return id;
}

std::uint64_t Http3Connections::number_of(const Id& id) {
  std::uint64_t number = 0;
  static_assert(sizeof number == sizeof id);
  std::memcpy(&number, id.data(), sizeof number);
  return number;
}

Http3Connection* Http3Connections::find(const PacketHead& head) const {
  if (head.destination.size() == http3::kIdBytes) {
    Id id{};
    std::ranges::copy(head.destination, id.begin());
    if (const auto ours = by_number_.find(number_of(id)); ours != by_number_.end()) {
      return ours->second;
    }
  }
  if (head.type == PacketType::Short) return nullptr;
  const auto made_up = by_number_.find(shared_.quic->number_of(head.destination));
  return made_up == by_number_.end() ? nullptr : made_up->second;
}

// ---- Datagrams.

void Http3Connections::receive(UdpDoor& door, const io::Datagram& datagram) {
  shared_.counters.quic_datagrams.add();
  const auto head = http3::parse_packet_head(datagram.bytes);
  if (!head) {
    shared_.counters.quic_dropped.add();
    return;
  }
  if (Http3Connection* const known = find(*head)) return known->receive(door, datagram);
  receive_unknown(door, datagram, *head);
}

void Http3Connections::receive_unknown(UdpDoor& door, const io::Datagram& datagram,
                                       const PacketHead& head) {
  if (head.type == PacketType::Short) return reset(door, datagram, head);
  const bool large = datagram.bytes.size() >= http3::kInitialBytesMin;
  if (large && head.version != 0 && !head.version_known) {
    if (!may_answer(Answer::Versions)) return;
    const std::span<char> room = shared_.output();
    shared_.counters.quic_versions.add();
    return answer(door, datagram,
                  http3::write_version_negotiation(
                      head, {reinterpret_cast<std::uint8_t*>(room.data()), room.size()}));
  }
  const bool begins = large && head.type == PacketType::Initial &&
                      head.destination.size() >= kFirstIdBytesMin &&
                      head.destination.size() <= http3::kIdBytesMax &&
                      shared_.contexts != nullptr && !draining_ && !shared_.admission.is_full();
  if (begins) return begin(door, datagram, head);
  shared_.counters.quic_dropped.add();
}

void Http3Connections::begin(UdpDoor& door, const io::Datagram& datagram, const PacketHead& head) {
  const auto first = shared_.quic->open(datagram.from, head.token, shared_.wall_time);
  if (!first && wants_proof()) return retry(door, datagram, head);
  // Without proof anybody could use up the places of an address by naming it; then the place is
  // asked for when the handshake has shown that the client hears us.
  std::optional<security::CountedConnection> place;
  if (first) {
    place =
        shared_.admission.admit(datagram.from.ip_address(), security::Admission::Handshake::Comes);
    if (!place) {
      shared_.counters.quic_dropped.add();
      return;
    }
  }
  Http3Connection::Start start{.door = door,
                               .peer = datagram.from,
                               .local = datagram.to,
                               .destination = head.destination,
                               .original = first ? first->view() : std::span<const std::uint8_t>(),
                               .place = std::move(place)};
  // Only what we gave out has our length.
  const bool ours = !first || head.destination.size() == http3::kIdBytes;
  Http3Connection* const connection = ours ? connections_.create(*this, start) : nullptr;
  if (connection == nullptr || !connection->open(start)) {
    if (connection != nullptr) connections_.destroy(*connection);
    shared_.counters.quic_dropped.add();
    return;
  }
  rests(*connection);
  shared_.counters.connections_accepted.add();
  connection->receive(door, datagram);
}

bool Http3Connections::wants_proof() const {
  const config::Http3Limits& limits = shared_.settings.http3;
  return limits.retry == config::Retry::Always ||
         handshakes_ >= std::max(1U, limits.handshakes_max / shared_.cores);
}

bool Http3Connections::may_answer(Answer kind) {
  return answers_.count(static_cast<std::size_t>(kind), shared_.path.now());
}

void Http3Connections::retry(UdpDoor& door, const io::Datagram& datagram, const PacketHead& head) {
  if (!may_answer(Answer::Retry)) return;
  const Id id = make_id();
  const auto token = shared_.quic->seal(datagram.from, head.destination, shared_.wall_time);
  const std::span<char> room = shared_.output();
  shared_.counters.quic_retries.add();
  answer(door, datagram,
         http3::write_retry(head, id, token.view(),
                            {reinterpret_cast<std::uint8_t*>(room.data()), room.size()}));
}

// A connection that a server before this one had, as a rule: its client need not wait for its
// timeout.
void Http3Connections::reset(UdpDoor& door, const io::Datagram& datagram, const PacketHead& head) {
  if (!may_answer(Answer::Reset)) return;
  std::array<std::uint8_t, 32> noise{};
  io::tls::QuicSecrets::fill_random(noise);
  const std::span<char> room = shared_.output();
  shared_.counters.quic_resets.add();
  answer(door, datagram,
         http3::write_stateless_reset(shared_.quic->reset_token(head.destination),
                                      datagram.bytes.size(), noise,
                                      {reinterpret_cast<std::uint8_t*>(room.data()), room.size()}));
}

// What lies at the beginning of the output.
void Http3Connections::answer(UdpDoor& door, const io::Datagram& datagram, std::size_t bytes) {
  if (bytes == 0) return;
  door.send({.bytes = {reinterpret_cast<const std::uint8_t*>(shared_.output().data()), bytes},
             .segment = bytes,
             .from = datagram.to,
             .to = datagram.from});
}

// ---- All of them.

void Http3Connections::take_requests() {
  for (Http3Connection& connection : unwritten_) connection.take_requests();
}

void Http3Connections::write() {
  // Those that ask for another go while this runs have it in the next turn.
  base::IntrusiveList<Http3Connection, UnwrittenTag> now;
  while (Http3Connection* const connection = unwritten_.pop_front()) now.push_back(*connection);
  while (Http3Connection* const connection = now.pop_front()) connection->write();
}

void Http3Connections::rests(Http3Connection& connection) {
  connection.idle_since_ = shared_.path.now();
  connection.base::ListHook<Http3Connection>::unlink();
  alive_.push_back(connection);
}

void Http3Connections::drain() {
  draining_ = true;
  for (auto next = alive_.begin(); next != alive_.end();) (*next++).drain();
}

void Http3Connections::close_all() {
  draining_ = true;  // Datagrams that are read later begin nothing.
  while (Http3Connection* const connection = alive_.front()) connection->end_at_once();
}

void Http3Connections::free_closed() {
  while (Http3Connection* const connection = closed_.pop_front()) {
    connections_.destroy(*connection);
  }
}

}  // namespace pear::data::protocol

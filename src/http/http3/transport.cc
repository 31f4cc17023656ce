#include "http/http3/transport.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "http/http3/rust_bytes.h"

namespace pear::http3 {
namespace {

PearAddress to_rust(const Address& address) {
  PearAddress out{};
  std::ranges::copy(address.ip, out.ip);
  out.scope = address.scope;
  out.port = address.port;
  out.v6 = address.v6;
  return out;
}

Address from_rust(const PearAddress& address) {
  Address out{.scope = address.scope, .port = address.port, .v6 = address.v6};
  std::ranges::copy(address.ip, out.ip.begin());
  return out;
}

Sent sent(std::int64_t outcome) {
  if (outcome >= 0) return Sent::Done;
  return outcome == PEAR_QUIC_BLOCKED ? Sent::Blocked : Sent::Failed;
}

std::span<const PearField> converted(std::span<const http::Field> fields,
                                     std::vector<PearField>& room) {
  room.clear();
  for (const http::Field& field : fields) {
    room.push_back({.name = lent(field.name), .value = lent(field.value)});
  }
  return room;
}

std::uint32_t to_rust(Congestion congestion) {
  switch (congestion) {
    case Congestion::Cubic:
      return PEAR_QUIC_CUBIC;
    case Congestion::Reno:
      return PEAR_QUIC_RENO;
    case Congestion::Bbr:
      return PEAR_QUIC_BBR;
  }
  PEAR_UNREACHABLE("a congestion control without a number");
}

}  // namespace

// ---- Configuration.

TransportConfig::TransportConfig(const TransportOptions& options) {
  const PearQuicOptions rust{
      .idle_timeout_ms = static_cast<std::uint64_t>(options.idle_timeout.count()),
      .streams_max = options.streams_max,
      .stream_window = options.stream_window,
      .connection_window = options.connection_window,
      .field_section_max = options.field_section_max,
      .ids_max = options.ids_max,
      .datagram_bytes_max = options.datagram_bytes_max,
      .congestion = to_rust(options.congestion),
      .pacing = options.pacing,
  };
  config_ = pear_quic_config_new(&rust);
  PEAR_ASSERT(config_ != nullptr, "quiche takes every option within our ranges");
  const std::array<std::uint64_t, 4> remembered{options.streams_max, options.stream_window,
                                                options.connection_window,
                                                options.field_section_max};
  static_assert(sizeof remembered == sizeof limits_);
  std::memcpy(limits_.data(), remembered.data(), sizeof remembered);
}

TransportConfig::~TransportConfig() {
  pear_quic_config_free(config_);
}

// ---- Datagrams and time.

std::unique_ptr<Transport> Transport::make(TransportConfig& config, const Start& start) {
  PearQuicStart rust{.id = lent(start.id),
                     .original = lent(start.original),
                     .reset_token = {},
                     .local = to_rust(start.local),
                     .peer = to_rust(start.peer),
                     .ssl = start.ssl,
                     .is_server = start.side == Side::Server,
                     .ticket = lent(start.ticket),
                     .ticket_parameters = lent(start.ticket_parameters)};
  std::ranges::copy(start.reset_token, rust.reset_token);
  PearQuic* const quic = pear_quic_new(config.config_, &rust);
  if (quic == nullptr) return nullptr;
  return std::make_unique<Transport>(config, quic);
}

Transport::~Transport() {
  pear_quic_free(quic_);
}

void Transport::receive(std::span<std::uint8_t> datagram, const Address& from, const Address& to) {
  const PearAddress peer = to_rust(from);
  const PearAddress local = to_rust(to);
  // A failure is in state() and local_error().
  static_cast<void>(pear_quic_receive(quic_, datagram.data(), datagram.size(), &peer, &local));
}

Transport::Outgoing Transport::send(std::span<std::uint8_t> out) {
  PearQuicSend how{};
  const std::int64_t bytes = pear_quic_send(quic_, out.data(), out.size(), &how);
  if (bytes <= 0) return {};
  return {.bytes = static_cast<std::size_t>(bytes),
          .from = from_rust(how.from),
          .to = from_rust(how.to),
          .delay = std::chrono::nanoseconds(how.delay_ns)};
}

std::size_t Transport::send_quantum() const {
  return pear_quic_send_quantum(quic_);
}

std::optional<std::chrono::nanoseconds> Transport::timeout() const {
  constexpr std::uint64_t kYear_ns = 365ULL * 86'400 * 1'000'000'000;
  const std::uint64_t left = pear_quic_timeout_ns(quic_);
  if (left > kYear_ns) return {};
  return std::chrono::nanoseconds(left);
}

void Transport::on_timeout() {
  pear_quic_on_timeout(quic_);
}

Transport::State Transport::state() const {
  const std::uint32_t bits = pear_quic_state(quic_);
  return {.established = (bits & PEAR_QUIC_ESTABLISHED) != 0,
          .early = (bits & PEAR_QUIC_EARLY) != 0,
          .draining = (bits & PEAR_QUIC_DRAINING) != 0,
          .closed = (bits & PEAR_QUIC_CLOSED) != 0,
          .timed_out = (bits & PEAR_QUIC_TIMED_OUT) != 0,
          .resumed = (bits & PEAR_QUIC_RESUMED) != 0,
          .early_taken = (bits & PEAR_QUIC_EARLY_TAKEN) != 0};
}

void Transport::close(std::uint64_t code) {
  pear_quic_close(quic_, true, code);
}

std::optional<Transport::Error> Transport::local_error() const {
  PearQuicError error{};
  if (!pear_quic_local_error(quic_, &error)) return {};
  return Error{.code = error.code,
               .reason = borrowed_text(error.reason),
               .of_application = error.application};
}

std::optional<Transport::Error> Transport::peer_error() const {
  PearQuicError error{};
  if (!pear_quic_peer_error(quic_, &error)) return {};
  return Error{.code = error.code,
               .reason = borrowed_text(error.reason),
               .of_application = error.application};
}

// ---- Connection ids and paths.

std::size_t Transport::ids_wanted() const {
  return pear_quic_ids_wanted(quic_);
}

bool Transport::add_id(Bytes id, const ResetToken& reset_token) {
  return pear_quic_add_id(quic_, lent(id), reset_token.data());
}

std::size_t Transport::next_retired_id(std::span<std::uint8_t, kIdBytesMax> out) {
  const std::int64_t bytes = pear_quic_next_retired_id(quic_, out.data(), out.size());
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

std::optional<Address> Transport::moved() {
  PearAddress peer{};
  if (!pear_quic_moved(quic_, &peer)) return {};
  return from_rust(peer);
}

void Transport::write_qlog(int fd) {
  pear_quic_write_qlog(quic_, fd);
}

Transport::Stats Transport::stats() const {
  PearQuicStats stats{};
  pear_quic_stats(quic_, &stats);
  return {.packets_received = stats.packets_received,
          .packets_sent = stats.packets_sent,
          .packets_lost = stats.packets_lost,
          .bytes_received = stats.bytes_received,
          .bytes_sent = stats.bytes_sent,
          .rtt = std::chrono::nanoseconds(stats.rtt_ns)};
}

// ---- HTTP/3.

bool Transport::open_http3() {
  return pear_http3_open(quic_, config_.config_);
}

Transport::Event Transport::next_event() {
  PearHttp3Event event{};
  pear_http3_next_event(quic_, &event);
  head_ = event.fields;
  head_count_ = event.field_count;
  Event out{.stream = event.stream, .code = event.code, .more = event.more};
  switch (event.kind) {
    case PEAR_HTTP3_NOTHING:
      out.kind = EventKind::Nothing;
      break;
    case PEAR_HTTP3_HEAD:
      out.kind = EventKind::Head;
      break;
    case PEAR_HTTP3_BODY:
      out.kind = EventKind::Body;
      break;
    case PEAR_HTTP3_END:
      out.kind = EventKind::End;
      break;
    case PEAR_HTTP3_RESET:
      out.kind = EventKind::Reset;
      break;
    case PEAR_HTTP3_PRIORITY:
      out.kind = EventKind::Priority;
      break;
    case PEAR_HTTP3_GOAWAY:
      out.kind = EventKind::GoAway;
      break;
    default:
      out.kind = EventKind::Failed;
      break;
  }
  return out;
}

http::Field Transport::head_field(std::size_t index) const {
  const PearField& field = std::span(head_, head_count_)[index];
  return {.name = borrowed_text(field.name), .value = borrowed_text(field.value)};
}

std::size_t Transport::read_body(StreamId stream, std::span<std::uint8_t> out) {
  const std::int64_t bytes = pear_http3_read_body(quic_, stream, out.data(), out.size());
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

std::optional<Transport::Priority> Transport::parse_priority(std::string_view value) {
  Priority priority;
  if (!pear_http3_parse_priority(lent(value), &priority.urgency, &priority.incremental)) {
    return {};
  }
  return priority;
}

std::optional<Transport::Priority> Transport::take_priority(StreamId stream) {
  std::array<std::uint8_t, 256> value{};
  const std::int64_t bytes = pear_http3_take_priority(quic_, stream, value.data(), value.size());
  if (bytes < 0) return {};
  return parse_priority(
      {reinterpret_cast<const char*>(value.data()), static_cast<std::size_t>(bytes)});
}

void Transport::set_priority(StreamId stream, Priority priority) {
  pear_http3_set_priority(quic_, stream, priority.urgency, priority.incremental);
}

Sent Transport::send_head(StreamId stream, const Head& head) {
  const auto fields = converted(head.fields, config_.fields_);
  const PearHttp3Head rust{.fields = fields.data(),
                           .field_count = fields.size(),
                           .first = head.order == Order::First,
                           .end = head.end == End::Here,
                           .urgency = head.priority.urgency,
                           .incremental = head.priority.incremental};
  return sent(pear_http3_send_head(quic_, stream, &rust));
}

Sent Transport::send_trailers(StreamId stream, std::span<const http::Field> fields) {
  const auto rust = converted(fields, config_.fields_);
  return sent(pear_http3_send_trailers(quic_, stream, rust.data(), rust.size()));
}

std::optional<StreamId> Transport::request(std::span<const http::Field> fields, End end) {
  const auto converted_fields = converted(fields, config_.fields_);
  const PearHttp3Head rust{.fields = converted_fields.data(),
                           .field_count = converted_fields.size(),
                           .first = true,
                           .end = end == End::Here,
                           .urgency = 3,
                           .incremental = false};
  const std::int64_t stream = pear_http3_request(quic_, &rust);
  if (stream < 0) return {};
  return static_cast<StreamId>(stream);
}

Transport::SentBody Transport::send_body(StreamId stream, std::string_view bytes, End end) {
  const std::int64_t taken = pear_http3_send_body(quic_, stream, lent(bytes), end == End::Here);
  if (taken < 0) return {.outcome = sent(taken)};
  const auto count = static_cast<std::size_t>(taken);
  return {.outcome = count < bytes.size() ? Sent::Blocked : Sent::Done, .bytes = count};
}

std::optional<std::size_t> Transport::room(StreamId stream, std::size_t least) {
  const std::int64_t bytes = pear_http3_room(quic_, stream, least);
  if (bytes < 0) return {};
  return static_cast<std::size_t>(bytes);
}

bool Transport::write(StreamId stream, std::string_view bytes, End end) {
  const std::int64_t taken = pear_http3_write(quic_, stream, lent(bytes), end == End::Here);
  return taken >= 0 && static_cast<std::size_t>(taken) == bytes.size();
}

std::uint64_t Transport::section_max() const {
  return pear_http3_field_section_max(quic_);
}

std::optional<StreamId> Transport::next_writable() {
  const std::int64_t stream = pear_http3_next_writable(quic_);
  if (stream < 0) return {};
  return static_cast<StreamId>(stream);
}

std::uint64_t Transport::stops() const {
  return pear_http3_stops(quic_);
}

bool Transport::is_stopped(StreamId stream) {
  return pear_http3_is_stopped(quic_, stream);
}

void Transport::reset_stream(StreamId stream, std::uint64_t code) {
  pear_http3_reset(quic_, stream, true, false, code);
}

void Transport::stop_sending(StreamId stream, std::uint64_t code) {
  pear_http3_reset(quic_, stream, false, true, code);
}

Sent Transport::go_away(StreamId first_not_served) {
  return sent(pear_http3_go_away(quic_, first_not_served));
}

}  // namespace pear::http3

// Exchange: one request and its response, on the core of its connection.
//
// It lives from the end of the request's head until both the protocol's stream is done with it and
// the guest has returned. Its request part is written before the exchange starts and never after,
// so that the cage's core may read it while the guest runs.
//
// Thread: core-local, but for the request part as said.
// Memory: from the core's pool; texts and fields in the arena.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/net/ip_address.h"
#include "base/time.h"
#include "data/body_queue.h"
#include "data/hop.h"
#include "http/field.h"
#include "io/timer_wheel.h"
#include "model/site_table.h"

namespace pear::security {
struct ClientAccount;
}

namespace pear::data {

namespace protocol {
class Stream;
}
class RequestPath;
class SnapshotPin;

struct NewsTag;     // The list of exchanges whose stream must be told something.
struct WaitTag;     // A queue of the pool.
struct AliveTag;    // All the exchanges of a core.
struct ChangedTag;  // Those that hold more or less than is charged to their clients.
struct ChargedTag;  // Those of one client for which something is charged.

enum class Protocol : std::uint8_t { Http11, Http2, Http3, Internal };

// What was asked. All views live in the exchange's arena.
struct Request {
  std::string_view method;
  std::string_view scheme;           // As the connection is, or as a trusted proxy says.
  std::string_view authority;        // As sent: with its port, if it had one.
  std::string_view host;             // Lower case, without a port.
  std::string_view path_with_query;  // Starts with '/', or is "*".
  std::string_view path;             // In normal form (base/uri_path.h), as the guest gets it.
  std::span<http::Field> fields;     // Names in lower case, in the order of the wire.
  std::string_view traceparent;      // Valid (W3C Trace Context), or empty.
  bool has_body = false;
  bool by_tls = false;               // The connection's own.
  bool early = false;                // It came in early data, and may be a copy of an earlier one.
  bool path_has_one_reading = true;  // Else a guest may take the path for another one.
};

struct Response {
  // What the edge adds to every response: the name is a literal, the value lives in the arena.
  // One of each name: an answer of the edge in the place of a guest's says it again.
  void add_edge_field(const http::Field& field) {
    auto* const end = edge_fields_.begin() + edge_count_;
    auto* const found = std::find_if(edge_fields_.begin(), end, [&](const http::Field& other) {
      return other.name == field.name;
    });
    if (found == end) ++edge_count_;
    *found = field;
  }
  [[nodiscard]] std::span<const http::Field> edge_fields() const {
    return std::span(edge_fields_).first(edge_count_);
  }

  std::uint16_t status = 0;
  std::span<const http::Field> fields;  // Live in the guest's run, or in the arena.
  std::span<const http::Field> trailers;
  BodyQueue body;                // To be sent.
  std::uint64_t body_bytes = 0;  // Given by the guest so far.
  bool head_ready = false;
  bool ended = false;  // No more will come: it is complete.
  bool cut = false;    // No more will come: it is not.

 private:
  std::array<http::Field, 2> edge_fields_;
  std::uint8_t edge_count_ = 0;
};

class Exchange : public base::ListHook<NewsTag>,
                 public base::ListHook<WaitTag>,
                 public base::ListHook<AliveTag>,
                 public base::ListHook<ChangedTag>,
                 public base::ListHook<ChargedTag>,
                 public io::TimerNode {
 public:
  Exchange(ExchangeId exchange_id, CoreId core, RequestPath& request_path,
           base::ArenaBlockPool& blocks, std::size_t arena_max)
      : id(exchange_id), home(core), arena(blocks, arena_max), path(request_path) {}

  const ExchangeId id;
  const CoreId home;
  base::Arena arena;

  // ---- The request part.
  Request request;
  Protocol protocol = Protocol::Http11;
  net::IpAddress client_address;
  std::string_view client;  // The same as text, in the arena.
  std::uint64_t client_hash = 0;
  bool buffers_little = false;  // Of its response: see security/client_memory.h.

  // ---- The path part.
  RequestPath& path;
  protocol::Stream* stream = nullptr;       // Null once the stream is done.
  SnapshotPin* snapshot = nullptr;          // Keeps the site table that it matched in.
  const model::Site* site = nullptr;        // In the snapshot; null where no site matched.
  const model::CagePlace* place = nullptr;  // The lease: of the cage that it was given to.
  std::uint32_t route = 0;                  // Of the site: the one that matched.
  std::uint16_t refused = 0;                // Cages that had no place for it after all.
  std::uint8_t stage = 0;                   // Of the request path.
  bool awaits_body = false;                 // In the pool: its body is not here yet.
  bool screened = false;                    // By security: not again with another site table.

  // ---- The cage's side of it (hop.h).
  enum class Link : std::uint8_t {
    None,
    Asked,    // Start was sent.
    Running,  // Accepted.
    Over,     // Ended; the run is to be released.
  };
  Link link = Link::None;
  CoreId cage_core{};
  CageId cage{};
  cage::GuestRun* run = nullptr;  // While Running and Over.
  RunOutcome outcome = RunOutcome::Done;
  bool aborted = false;   // The guest was told that nobody listens, or will be when it is Running.
  bool answered = false;  // By the edge: what the guest says does not matter any more.

  // ---- Bodies.
  BodyQueue request_body;                // Received and not yet given to the cage's core.
  std::uint32_t request_chunks_out = 0;  // Given and not yet back,
  std::uint64_t request_bytes_out = 0;   // with so many bytes.
  std::uint64_t request_bytes = 0;
  std::span<const http::Field> request_trailers;  // In the arena; set before body_end().
  bool request_ended = false;
  Response response;
  Interim* interims = nullptr;  // Not sent yet, in order: its stream must be told of them,
  bool response_news = false;   // of the response,
  bool request_room = false;    // or that the client may send more.

  // ---- Memory that is held for it (security/client_memory.h).
  std::uint64_t bytes_held = 0;
  std::uint64_t bytes_charged = 0;             // Of these, at the end of the last turn,
  security::ClientAccount* account = nullptr;  // to this one.
  bool ends_for_memory = false;

  // ---- For the log.
  MonotonicTime head_time{};  // The head was complete.
  MonotonicTime run_time{};   // Its guest's first slice; zero where there was none.
  MonotonicTime done_time{};
  std::chrono::nanoseconds cpu{};

  void add_interim(Interim& interim) {
    Interim** end = &interims;
    while (*end != nullptr) end = &(*end)->next;
    *end = &interim;
  }

  // The next, which counts as sent; null: there is none.
  [[nodiscard]] const Interim* take_interim() {
    Interim* const first = interims;
    if (first != nullptr) interims = first->next;
    return first;
  }

  void on_timer(MonotonicTime now) override;  // It has waited for a cage for too long.
};

}  // namespace pear::data

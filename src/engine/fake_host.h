// FakeHost: what an instance asks of the host, in memory. It records the response and plays a
// request body that the test wrote.
//
// Thread: one. Owner: the test; outlives the instance.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/bytes_view.h"
#include "engine/instance.h"

namespace pear::engine {

using FakeFields = std::vector<std::pair<std::string, std::string>>;

struct FakeHost {
  // What the test sets.
  std::uint64_t memory_max = std::uint64_t{1} << 30U;
  std::uint64_t window = std::uint64_t{1} << 18U;  // Shrinks with each write.
  bool refuse_head = false;
  bool refuse_interim = false;
  // An empty piece is a point where nothing is there yet: it is passed once the guest has waited.
  std::deque<std::string> body;
  bool body_cut = false;  // The body ends in a failure instead of its end.
  FakeFields trailers;

  // What the guest did.
  std::uint64_t memory = 0;
  std::string out;
  std::string err;
  std::uint16_t status = 0;
  FakeFields fields;
  std::string interims;  // "103 name=value;" of each.
  std::string response;
  std::string response_error;
  FakeFields response_trailers;
  std::uint32_t heads = 0;
  std::uint32_t flushes = 0;
  std::uint32_t finishes = 0;
  std::uint32_t aborts = 0;
  std::uint64_t wake_deadline = 0;

  // One table for all; the contexts are FakeHosts.
  static const Host& table();

  // To be called after each Pending: passes the point where the body waits.
  void pass_pending();

  // For a new request on the same instance.
  void clear_response();

 private:
  static FakeHost& of(void* context) { return *static_cast<FakeHost*>(context); }
  static FakeFields copied(const Field* fields, std::size_t count);
  PearRead read(std::uint64_t max, PearBytes* out_bytes);

  std::string piece_;  // What body_read lent last.
  std::vector<Field> trailer_views_;
};

}  // namespace pear::engine

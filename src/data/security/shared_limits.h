// SharedLimits: what all cores know together of who asks how often, and what for: buckets, open
// connections, memory, and when the log was last told.
//
// Thread: any; every part is lock-free.
// Owner:  the server; outlives the cores.
// Memory: fixed when it is made.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "config/settings.h"
#include "data/security/address_counts.h"
#include "data/security/bucket_table.h"
#include "data/security/connection_total.h"
#include "data/security/keyed_hash.h"
#include "data/security/notice_times.h"

namespace pear::security {

struct SharedLimits {
  // `key`: random, and nobody else's.
  SharedLimits(const config::ServerSettings& settings, const KeyedHash::Key& key)
      : hash(key),
        buckets(settings.rate_limit.entries),
        connections(settings.http.connections_max),
        memory_units(settings.http.connections_max),
        total(settings.http.connections_max) {}

  KeyedHash hash;
  BucketTable buckets;
  AddressCounts connections;
  AddressCounts memory_units;                  // See ClientMemory,
  std::atomic<std::uint64_t> memory_bytes{0};  // which charges so much, for all clients.
  ConnectionTotal total;
  NoticeTimes notices;
};

}  // namespace pear::security

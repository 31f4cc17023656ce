// longest_idle: the connection that has had nothing to do for longest.
//
// A list of connections in the order in which they last came to rest, or came. Those that are at
// work meanwhile go to its end when they are met: they come there anyway when they rest again.
//
// Thread: core-local.
#pragma once

#include "base/intrusive_list.h"

namespace pear::data::protocol {

// Null where none of the first few rests: the next call looks further.
template <typename Connection>
[[nodiscard]] Connection* longest_idle(base::IntrusiveList<Connection, Connection>& alive) {
  constexpr int kLooks = 64;
  for (int i = 0; i < kLooks; ++i) {
    Connection* const first = alive.front();
    if (first == nullptr || first->is_idle()) return first;
    alive.pop_front();
    alive.push_back(*first);
  }
  return nullptr;
}

}  // namespace pear::data::protocol

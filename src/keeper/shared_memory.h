// Shared memory: what the keeper holds for its servers, so that it survives them: keys of session
// tickets, what was struck off, secrets. The keeper never looks at it, nor maps it; what lies where
// is the servers' business.
//
// Thread: any.
#pragma once

#include <cstddef>

#include "io/unique_fd.h"

namespace pear::keeper {

inline constexpr std::size_t kSharedMemoryBytes = 4096 + (1UL << 20U);

// Zeroes without a name, sealed: it neither shrinks nor grows. Not open where the machine has none
// to give: then each server does without.
[[nodiscard]] io::UniqueFd make_shared_memory();

}  // namespace pear::keeper

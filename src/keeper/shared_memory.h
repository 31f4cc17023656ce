// Shared memory: what the keeper holds for its servers, so that it survives them: keys of session
// tickets, what was struck off, secrets. What lies where is the servers' business, and the keeper
// never looks at it, but for the last part: their vitals (vitals.h), which it maps to read.
//
// Thread: any.
#pragma once

#include <cstddef>
#include <memory>

#include "io/unique_fd.h"
#include "keeper/last_images.h"
#include "keeper/vitals.h"

namespace pear::keeper {

inline constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t whole_pages(std::size_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}
inline constexpr std::size_t kLastImagesAt = kPageBytes + (1UL << 20U);
inline constexpr std::size_t kVitalsAt = kLastImagesAt + whole_pages(sizeof(LastImages));
inline constexpr std::size_t kVitalsBytes = whole_pages(sizeof(Vitals));
inline constexpr std::size_t kSharedMemoryBytes = kVitalsAt + kVitalsBytes;

// Zeroes without a name, sealed: it neither shrinks nor grows. Not open where the machine has none
// to give: then each server does without.
[[nodiscard]] io::UniqueFd make_shared_memory();

struct Unmap {
  void operator()(const Vitals* vitals) const;
};
// The last part of it, to be read alone. Null where it cannot be mapped. The descriptor may be
// closed afterwards.
using SharedVitals = std::unique_ptr<const Vitals, Unmap>;
[[nodiscard]] SharedVitals map_vitals(int fd);

}  // namespace pear::keeper

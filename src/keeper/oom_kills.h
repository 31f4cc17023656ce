// OomKills: how often the kernel has killed a process of this control group for want of memory.
// SIGKILL alone does not say who sent it.
//
// Source:  Documentation/admin-guide/cgroup-v2.rst (memory.events), cgroup-v1/memory.rst
//          (memory.oom_control), proc(5) (vmstat).
// Thread:  one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "io/unique_fd.h"

namespace pear::keeper {

class OomKills {
 public:
  // Of this process's own group, or, where it has none, of the whole machine. Not open where
  // neither can be read: then nobody knows.
  [[nodiscard]] static OomKills open();
  OomKills() = default;
  explicit OomKills(io::UniqueFd fd) : fd_(std::move(fd)) {}

  // Since the group was made; nothing where nobody knows.
  [[nodiscard]] std::optional<std::uint64_t> count() const;

 private:
  io::UniqueFd fd_;
};

// The number behind "oom_kill " at the start of a line.
[[nodiscard]] std::optional<std::uint64_t> oom_kills_in(std::string_view text);
// The path of this process in the hierarchy with that controller ("" is version 2), of the text of
// /proc/self/cgroup. Nothing where there is no such hierarchy.
[[nodiscard]] std::optional<std::string> cgroup_path(std::string_view text,
                                                     std::string_view controller);

}  // namespace pear::keeper

// Inheritance: how a process is told which descriptors it was born with.
//
// From the keeper to the server, in the environment, as numbers of open descriptors:
//   PEAR_LISTENERS=5,6;7,8   the sockets of the first address, then those of the second, …; whether
//                            they are of TCP or of UDP, the sockets themselves say.
//   PEAR_READY_FD=9          a pipe: the server writes kReadyWord to it once it serves, and behind
//   it
//                            a line "SITE<tab>REASON" for each site that it does not; in one write
//                            of at most kReadyBytesMax. Then it closes it.
//   PEAR_STATE_FD=10         a file without a name for what the next server shall find.
//   PEAR_SHARED_MEMORY_FD=11 memory that all servers of the keeper share (shared_memory.h).
//   PEAR_START=2             the number of this server among those of its keeper, from 1,
//   PEAR_BLAMED=8f3a…        the site that the one before it is thought to have died of,
//   PEAR_QUARANTINE=8f3a…:0,…  and the sites that are not to be served (vitals.h), each with its
//                            component. In hexadecimal.
//
// From systemd or another program that speaks its protocol, to whichever process is started first:
//   LISTEN_PID=<own pid>  LISTEN_FDS=<n>   n sockets, from descriptor 3 on.
// Source: sd_listen_fds(3).
//
// Thread: called once, at the start of main, before there are threads: it changes the environment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "keeper/vitals.h"

namespace pear::keeper {

inline constexpr std::string_view kReadyWord = "ready\n";
inline constexpr std::size_t kReadyBytesMax = 4'000;  // Less than PIPE_BUF: it arrives whole.
inline constexpr const char* kListenersVariable = "PEAR_LISTENERS";
inline constexpr const char* kReadyFdVariable = "PEAR_READY_FD";
inline constexpr const char* kStateFdVariable = "PEAR_STATE_FD";
inline constexpr const char* kSharedMemoryFdVariable = "PEAR_SHARED_MEMORY_FD";
inline constexpr const char* kStartVariable = "PEAR_START";
inline constexpr const char* kBlamedVariable = "PEAR_BLAMED";
inline constexpr const char* kQuarantineVariable = "PEAR_QUARANTINE";

// What became of the servers before this one.
struct History {
  std::uint32_t start = 0;                  // This one's number; 0: there is no keeper.
  base::SiteKey blamed{};                   // Of the death before it.
  std::vector<QuarantinedSite> quarantine;  // At most Vitals::kQuarantineMax.
};

struct Inheritance {
  std::vector<std::vector<int>> fds_by_address;  // Empty: nothing was inherited.
  int ready_fd = -1;                             // -1: nobody waits.
  int state_fd = -1;                             // -1: there is no keeper.
  int shared_memory_fd = -1;                     // -1: there is no keeper, or it had none.
  History history;
};

// Reads the variables above and removes them, so that no child of this process takes them for its
// own. Malformed ones count as absent.
[[nodiscard]] Inheritance take_inheritance();

// "5,6;7,8" and back. Descriptors are 3 to 1'000'000; an address has at least one.
[[nodiscard]] std::string listeners_text(const std::vector<std::vector<int>>& fds_by_address);
[[nodiscard]] std::optional<std::vector<std::vector<int>>> parse_listeners(std::string_view text);

// "8f3a:0,9b:1c" and back. Malformed: nothing.
[[nodiscard]] std::string quarantine_text(const std::vector<QuarantinedSite>& sites);
[[nodiscard]] std::vector<QuarantinedSite> parse_quarantine(std::string_view text);

// The descriptors that LISTEN_PID and LISTEN_FDS speak of; none when they are meant for another
// process.
[[nodiscard]] std::vector<std::vector<int>> systemd_listeners(std::string_view listen_pid,
                                                              std::string_view listen_fds,
                                                              pid_t own_pid);

}  // namespace pear::keeper

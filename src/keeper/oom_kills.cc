#include "keeper/oom_kills.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace pear::keeper {
namespace {

constexpr std::size_t kTextMax = 16'384;  // /proc/vmstat has about 5 KiB.

using Text = std::array<char, kTextMax>;

std::string_view read_start(int fd, Text& text) {
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

io::UniqueFd open_file(const std::string& path) {
  return io::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

std::optional<std::uint64_t> oom_kills_in(std::string_view text) {
  constexpr std::string_view kName = "oom_kill ";
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(kName)) continue;
    std::uint64_t count = 0;
    const auto [end, error] =
        std::from_chars(line.data() + kName.size(), line.data() + line.size(), count);
    return error == std::errc() ? std::optional(count) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> cgroup_path(std::string_view text, std::string_view controller) {
  // "4:memory:/path", "0::/path"; several controllers of one hierarchy are separated by commas.
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view names = line.substr(first + 1, second - first - 1);
    const bool found = std::ranges::any_of(std::views::split(names, ','), [&](const auto& name) {
      return std::string_view(name.begin(), name.end()) == controller;
    });
    if (found || (names.empty() && controller.empty())) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

OomKills OomKills::open() {
  const io::UniqueFd own = open_file("/proc/self/cgroup");
  Text text{};
  const std::string_view groups = read_start(own.get(), text);
  std::vector<std::string> paths;
  if (const auto path = cgroup_path(groups, "")) {
    paths.push_back("/sys/fs/cgroup" + *path + "/memory.events");
  }
  if (const auto path = cgroup_path(groups, "memory")) {
    paths.push_back("/sys/fs/cgroup/memory" + *path + "/memory.oom_control");
    // In a container the group that it sees is the root of what is mounted.
    paths.emplace_back("/sys/fs/cgroup/memory/memory.oom_control");
  }
  paths.emplace_back("/proc/vmstat");
  for (const std::string& path : paths) {
    OomKills kills(open_file(path));
    if (kills.count()) return kills;
  }
  return {};
}

std::optional<std::uint64_t> OomKills::count() const {
  if (!fd_.is_open()) return std::nullopt;
  Text text{};
  return oom_kills_in(read_start(fd_.get(), text));
}

}  // namespace pear::keeper

#include "load/process_usage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

namespace pear::load {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The words of a line that spaces or line ends divide.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t start = text.find_first_not_of(" \n\t");
    if (start == std::string_view::npos) return words;
    const std::size_t end = std::min(text.find_first_of(" \n\t", start), text.size());
    words.push_back(text.substr(start, end - start));
    text.remove_prefix(end);
  }
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Process {
  int pid = 0;
  ProcessStat stat;
};

std::vector<Process> all_processes() {
  std::vector<Process> processes;
  std::error_code error;
  const std::filesystem::directory_iterator folders("/proc", error);
  if (error) return processes;
  for (const auto& folder : folders) {
    const auto pid = number_of<int>(folder.path().filename().native());
    if (!pid) continue;
    // A process may have ended since the folder was listed.
    const auto stat = parse_process_stat(file_text(folder.path() / "stat"));
    if (stat) processes.push_back({.pid = *pid, .stat = *stat});
  }
  return processes;
}

std::uint64_t resident_bytes(int pid) {
  const std::string statm = file_text(fmt::format("/proc/{}/statm", pid));
  const auto words = words_of(statm);
  if (words.size() < 2) return 0;
  const auto pages = number_of<std::uint64_t>(words[1]);
  return pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view stat) {
  // The name of the program stands in parentheses and may hold anything, parentheses too.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto words = words_of(stat.substr(name_end + 1));
  // Fields 14 to 17 of the line; the words begin with field 3.
  constexpr std::array<std::size_t, 4> kTimes{14 - 3, 15 - 3, 16 - 3, 17 - 3};
  constexpr std::size_t kParent = 4 - 3;
  if (words.size() <= kTimes.back()) return std::nullopt;
  const auto parent = number_of<int>(words[kParent]);
  if (!parent) return std::nullopt;
  ProcessStat parsed{.parent = *parent};
  for (const std::size_t field : kTimes) {
    const auto value = number_of<std::int64_t>(words[field]);
    if (!value || *value < 0) return std::nullopt;
    parsed.ticks += static_cast<std::uint64_t>(*value);
  }
  return parsed;
}

Result<ProcessUsage> read_process_usage(int pid) {
  const std::vector<Process> processes = all_processes();
  ProcessUsage usage;
  std::uint64_t ticks = 0;
  std::vector<int> tree{pid};
  // The tree grows while it is walked: each process brings its children.
  for (std::size_t i = 0; i < tree.size(); ++i) {
    for (const Process& process : processes) {
      if (process.stat.parent == tree[i]) tree.push_back(process.pid);
      if (process.pid != tree[i]) continue;
      ticks += process.stat.ticks;
      usage.resident.count += resident_bytes(process.pid);
      ++usage.processes;
    }
    if (usage.processes == 0) {
      return fail(ErrorKind::NotFound, "there is no process with this id");
    }
  }
  const auto ticks_per_s = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  usage.cpu = std::chrono::microseconds(static_cast<std::int64_t>(ticks * 1'000'000 / ticks_per_s));
  return usage;
}

}  // namespace pear::load

#include "keeper/inheritance.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <tuple>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace pear::keeper {

namespace {

constexpr int kFirstFd = 3;  // After standard input, output and error.
constexpr int kFdMax = 1'000'000;
constexpr int kSystemdFdsMax = 1'024;

std::optional<int> parse_number(std::string_view text, int min, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < min || value > max) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The environment is read here, once, before threads exist.
std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  std::string out = value == nullptr ? "" : value;
  ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  return out;
}

int take_fd(const char* name) {
  return parse_number(take_variable(name), kFirstFd, kFdMax).value_or(-1);
}

// Cuts the text before the first `separator` off and returns it.
std::string_view next_piece(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view piece = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return piece;
}

}  // namespace

std::string listeners_text(const std::vector<std::vector<int>>& fds_by_address) {
  std::string out;
  for (const std::vector<int>& fds : fds_by_address) {
    if (!out.empty()) out += ';';
    out += fmt::format("{}", fmt::join(fds, ","));
  }
  return out;
}

std::optional<std::vector<std::vector<int>>> parse_listeners(std::string_view text) {
  if (text.empty() || text.back() == ';' || text.back() == ',') return std::nullopt;
  std::vector<std::vector<int>> out;
  while (!text.empty()) {
    std::string_view address = next_piece(text, ';');
    if (address.empty() || address.back() == ',') return std::nullopt;
    std::vector<int>& fds = out.emplace_back();
    while (!address.empty()) {
      const auto fd = parse_number(next_piece(address, ','), kFirstFd, kFdMax);
      if (!fd) return std::nullopt;
      fds.push_back(*fd);
    }
  }
  return out;
}

std::string quarantine_text(const std::vector<QuarantinedSite>& sites) {
  std::string out;
  for (const QuarantinedSite& site : sites) {
    if (!out.empty()) out += ',';
    out += fmt::format("{:x}:{:x}", std::to_underlying(site.site), site.component);
  }
  return out;
}

std::vector<QuarantinedSite> parse_quarantine(std::string_view text) {
  std::vector<QuarantinedSite> out;
  while (!text.empty()) {
    std::string_view entry = next_piece(text, ',');
    const auto site = parse_hex(next_piece(entry, ':'));
    const auto component = parse_hex(entry);
    if (!site || *site == 0 || !component || out.size() == Vitals::kQuarantineMax) return {};
    out.push_back({.site = base::SiteKey{*site}, .component = *component});
  }
  return out;
}

std::vector<std::vector<int>> systemd_listeners(std::string_view listen_pid,
                                                std::string_view listen_fds, pid_t own_pid) {
  if (parse_number(listen_pid, 1, std::numeric_limits<int>::max()) != own_pid) return {};
  const auto count = parse_number(listen_fds, 1, kSystemdFdsMax);
  if (!count) return {};
  std::vector<std::vector<int>> out;
  out.reserve(static_cast<std::size_t>(*count));
  for (int i = 0; i < *count; ++i) out.push_back({kFirstFd + i});
  return out;
}

Inheritance take_inheritance() {
  Inheritance out;
  const std::string listen_pid = take_variable("LISTEN_PID");
  const std::string listen_fds = take_variable("LISTEN_FDS");
  std::ignore = take_variable("LISTEN_FDNAMES");
  if (auto listeners = parse_listeners(take_variable(kListenersVariable))) {
    out.fds_by_address = *std::move(listeners);
  } else {
    out.fds_by_address = systemd_listeners(listen_pid, listen_fds, ::getpid());
  }
  out.ready_fd = take_fd(kReadyFdVariable);
  out.state_fd = take_fd(kStateFdVariable);
  out.shared_memory_fd = take_fd(kSharedMemoryFdVariable);
  constexpr int kStartMax = std::numeric_limits<int>::max();
  const auto start = parse_number(take_variable(kStartVariable), 1, kStartMax);
  out.history.start = static_cast<std::uint32_t>(start.value_or(0));
  out.history.blamed = base::SiteKey{parse_hex(take_variable(kBlamedVariable)).value_or(0)};
  out.history.quarantine = parse_quarantine(take_variable(kQuarantineVariable));
  return out;
}

}  // namespace pear::keeper

// NaiveRouter: what a RouteTable should answer, said in the plainest way. For tests and fuzzers.
//
// Thread: any (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/route_table.h"

namespace pear::model {

inline std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::size_t end = path.find('/');
    segments.push_back(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view() : path.substr(end);
  }
  return segments;
}

inline bool naive_path_matches(std::string_view pattern, std::string_view path) {
  const auto wanted = segments_of(pattern);
  const auto given = segments_of(path);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "...") return true;
    if (i >= given.size()) return false;
    if (wanted[i].starts_with(':') ? given[i].empty() : wanted[i] != given[i]) return false;
  }
  return wanted.size() == given.size();
}

// 0 for a literal or the end, 1 for a parameter, 2 for the rest: in the order of preference.
inline std::string rank_of(std::string_view pattern) {
  std::string rank;
  for (const std::string_view segment : segments_of(pattern)) {
    rank += segment == "..." ? '2' : segment.starts_with(':') ? '1' : '0';
  }
  return rank;
}

inline bool naive_host_matches(std::string_view pattern, std::string_view host) {
  if (pattern.empty() || pattern == host) return true;
  return pattern.starts_with("*.") && host.size() >= pattern.size() &&
         host.ends_with(pattern.substr(1));
}

// The longest pattern that matches is the most specific: an exact host is longer than any wildcard
// that matches it.
inline std::optional<std::string> naive_host(const std::vector<Route>& routes,
                                             std::string_view host) {
  std::optional<std::string> best;
  for (const Route& route : routes) {
    if (!naive_host_matches(route.host, host)) continue;
    const bool exact = route.host == host && !host.empty();
    if (exact) return route.host;
    if (!best || route.host.size() > best->size()) best = route.host;
  }
  return best;
}

inline std::optional<RouteMatch> naive_match(const std::vector<Route>& routes,
                                             std::string_view host, std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto chosen = naive_host(routes, host);
  const Route* best = nullptr;
  for (const Route& route : routes) {
    if (!chosen || route.host != *chosen || !naive_path_matches(route.path, path)) continue;
    // Of two that match, one rank is never the beginning of the other's same digits and longer,
    // except where a rest stands against the end: the end, being shorter, comes first.
    if (best == nullptr || rank_of(route.path) < rank_of(best->path)) best = &route;
  }
  if (best == nullptr) return std::nullopt;
  return RouteMatch{.site = best->site, .route = best->index};
}

}  // namespace pear::model

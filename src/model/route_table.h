// RouteTable: host and path to a site, and the route of it that matched.
//
// The host is chosen first: an exact one before a wildcard "*.example.com" (one or more labels),
// the longest wildcard before a shorter, and both before the routes without a host. A path that no
// route of that host matches is not looked for under a less specific one: who names a host owns it.
//
// Grammar of paths (Spin's): exact "/a/b", one segment "/a/:id" (not empty), any rest "/a/..."
// (also none: "/a" matches). Of the routes of the host the most specific wins: at the first segment
// where two routes differ, literal before :name before "...".
//
// Two sites may not claim the same host and the same path: build() reports it.
//
// Thread: any (immutable once built).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace pear::model {

struct Route {
  std::string host;  // Lower case; "" for every host, "*.example.com" for a wildcard.
  std::string path;
  SiteId site{};
  std::uint32_t index = 0;  // Of the route within its site.
  bool operator==(const Route&) const = default;
};

struct RouteMatch {
  SiteId site{};
  std::uint32_t route = 0;
  bool operator==(const RouteMatch&) const = default;
};

class RouteTable {
 public:
  struct Conflict {
    Route first;
    Route second;
  };

  RouteTable();
  ~RouteTable();
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  // Routes whose paths do not fit the grammar must have been refused before (config/route_path.h).
  // Of two routes that conflict, the first stands in the table and the pair in `conflicts`.
  [[nodiscard]] static RouteTable build(const std::vector<Route>& routes,
                                        std::vector<Conflict>* conflicts);

  // `host` without a port, lower case; one dot at its end is passed over. `path` without a query;
  // one that does not start with '/' ("*") matches nothing. It is in normal form, as the
  // routes are (base/uri_path.h): segments are compared byte by byte. No allocation; time is linear
  // in the path and in the routes of the host.
  [[nodiscard]] std::optional<RouteMatch> match(std::string_view host, std::string_view path) const;

  // What is wrong with `path`; nothing when it fits the grammar.
  [[nodiscard]] static std::optional<std::string> problem_in_path(std::string_view path);

 private:
  class PathTrie;
  struct Hosts;
  std::unique_ptr<Hosts> hosts_;  // Null once moved from, and in a table without routes.
};

}  // namespace pear::model

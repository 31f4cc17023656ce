// PathReadings: whether a path means the same to the routes and to the guest behind them.
//
// The path is in normal form (base/uri_path.h) and the guest gets it so. What stays in it, an
// encoded slash, two slashes, a ';', guests take differently: some decode the whole path before
// they look at it, some cut parameters, some merge slashes. Where one of them would be on another
// route than the one that was chosen, that route's limits would be passed by a spelling. Such a
// request is refused; all others, which are nearly all that have such characters, are served.
//
// Thread: any (pure). No allocation.
#pragma once

#include <span>
#include <string_view>

#include "model/site_table.h"

namespace pear::model {

// A path to be judged, as it was routed.
struct RoutedPath {
  std::string_view host;
  std::string_view path;  // In normal form.
  RouteMatch match;       // What `host` and `path` match in the table.
};

// `scratch` has as many bytes as the path. Up to 15 readings, each linear in the path.
[[nodiscard]] bool is_read_alike(const SiteTable& table, const RoutedPath& routed,
                                 std::span<char> scratch);

}  // namespace pear::model

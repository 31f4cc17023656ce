#include "model/path_readings.h"

#include <utility>

#include "base/uri_path.h"

namespace pear::model {
namespace {

// Whether it makes no difference by which of the two a request comes in.
bool are_controlled_alike(const SiteTable& table, const RouteMatch& a, const RouteMatch& b) {
  if (a == b) return true;
  if (a.site != b.site) return false;
  const Site& site = *table.sites[std::to_underlying(a.site)];
  const config::RouteSettings* const first = site.route(a.route);
  const config::RouteSettings* const second = site.route(b.route);
  // An update is staged: what the routes in force say is not known here.
  if (first == nullptr || second == nullptr) return false;
  return !first->rate_limit.any() && !second->rate_limit.any() &&
         first->early_data == second->early_data && first->early_hints == second->early_hints;
}

// The ways of reading that change anything in a path with these characters.
unsigned loosenesses_of(std::string_view path) {
  using base::Looseness;
  const auto bit = [](Looseness what) { return static_cast<unsigned>(what); };
  unsigned found = 0;
  if (path.contains('%')) {
    found |= bit(Looseness::Decode) | bit(Looseness::MergeSlashes) | bit(Looseness::ParametersLast);
  }
  if (path.contains(';')) found |= bit(Looseness::ParametersFirst);
  if (path.contains("//") || path.contains(';')) found |= bit(Looseness::MergeSlashes);
  return found;
}

}  // namespace

bool is_read_alike(const SiteTable& table, const RoutedPath& routed, std::span<char> scratch) {
  const unsigned relevant = loosenesses_of(routed.path);
  for (unsigned loose = 1; loose < base::kLoosenessEnd; ++loose) {
    if ((loose & relevant) != loose) continue;
    const std::string_view read = base::read_path_loosely(routed.path, loose, scratch);
    const auto match = table.routes.match(routed.host, read);
    if (!match || !are_controlled_alike(table, routed.match, *match)) return false;
  }
  return true;
}

}  // namespace pear::model

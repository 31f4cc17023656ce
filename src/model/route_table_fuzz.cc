// Property: the table answers as the naive router does, for any routes and any request.
//
// The input is lines: first the host, then the path, then routes, each a host, a space and a path.
// Routes that do not fit the grammar are left out, as the configuration refuses them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "model/naive_router.h"
#include "model/route_table.h"

namespace {

using pear::model::Route;
using pear::model::RouteTable;

std::string_view next_line(std::string_view* text) {
  const std::size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

bool is_known_host(std::string_view host) {
  const std::string_view name = host.starts_with("*.") ? host.substr(2) : host;
  return host.empty() ||
         (!name.empty() && !name.starts_with('.') && !name.ends_with('.') && !name.contains('*'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view host = next_line(&text);
  const std::string_view path = next_line(&text);
  std::vector<Route> routes;
  while (!text.empty() && routes.size() < 64) {
    const std::string_view line = next_line(&text);
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !is_known_host(line.substr(0, space))) continue;
    if (RouteTable::problem_in_path(line.substr(space + 1))) continue;
    const auto index = static_cast<std::uint32_t>(routes.size());
    routes.push_back({.host = std::string(line.substr(0, space)),
                      .path = std::string(line.substr(space + 1)),
                      .site = pear::SiteId{index},
                      .index = index});
  }

  std::vector<RouteTable::Conflict> conflicts;
  const RouteTable table = RouteTable::build(routes, &conflicts);
  // The naive router takes the first of several equals, as the table does.
  PEAR_ASSERT(table.match(host, path) == naive_match(routes, host, path), "the two disagree");
  return 0;
}

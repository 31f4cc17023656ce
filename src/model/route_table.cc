#include "model/route_table.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "config/route_path.h"

namespace pear::model {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::string_view kRest = "...";

// Looked up by string_view, so that a match makes no string.
struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name.
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace

// The routes of one host, segment by segment. Nodes stand in one vector and name each other by
// index: a path of a thousand segments is taken apart without recursion.
class RouteTable::PathTrie {
 public:
  PathTrie() { nodes_.emplace_back(); }

  // False when a route with the same pattern is there already; `earlier` is its place in the list.
  bool add(const Route& route, std::uint32_t place, std::uint32_t* earlier) {
    std::uint32_t node = 0;
    std::size_t slash = 0;
    while (slash < route.path.size()) {
      const std::size_t end = end_of_segment(route.path, slash);
      const std::string_view segment = segment_at(route.path, slash, end);
      if (segment == kRest) return claim(&nodes_[node].rest, route, place, earlier);
      node = segment.starts_with(':') ? parameter_child(node) : make_child(node, segment);
      slash = end;
    }
    return claim(&nodes_[node].exact, route, place, earlier);
  }

  // Depth first, the most specific branch first. The way back up needs no stack: a node knows its
  // parent, and the segment that led to it ends where we stand. Every node is entered at most once.
  [[nodiscard]] std::optional<RouteMatch> match(std::string_view path) const {
    std::uint32_t node = 0;
    std::size_t slash = 0;  // Of the next segment; the size of the path when there is none.
    Branch next = Branch::Literal;
    for (;;) {
      const Node& here = nodes_[node];
      if (next != Branch::Rest && slash == path.size()) {
        if (here.exact) return here.exact->match;
        next = Branch::Rest;
      }
      if (next != Branch::Rest) {
        const std::size_t end = end_of_segment(path, slash);
        const std::string_view segment = segment_at(path, slash, end);
        std::uint32_t child = next == Branch::Literal ? find_child(here, segment) : kNone;
        if (child == kNone && !segment.empty()) child = here.parameter;
        if (child != kNone) {
          node = child;
          slash = end;
          next = Branch::Literal;
          continue;
        }
      }
      if (here.rest) return here.rest->match;
      if (node == 0) return std::nullopt;
      next = here.is_parameter ? Branch::Rest : Branch::Parameter;
      node = here.parent;
      slash = path.rfind('/', slash - 1);
    }
  }

 private:
  enum class Branch : std::uint8_t { Literal, Parameter, Rest };

  struct Target {
    RouteMatch match;
    std::uint32_t place = 0;  // In the list that the table was built from.
  };
  struct Child {
    std::string segment;
    std::uint32_t node;
  };
  struct Node {
    std::vector<Child> children;  // Sorted by segment.
    std::uint32_t parameter = kNone;
    std::uint32_t parent = kNone;
    bool is_parameter = false;  // Of its parent.
    std::optional<Target> exact;
    std::optional<Target> rest;
  };

  static std::size_t end_of_segment(std::string_view path, std::size_t slash) {
    return std::min(path.find('/', slash + 1), path.size());
  }
  static std::string_view segment_at(std::string_view path, std::size_t slash, std::size_t end) {
    return path.substr(slash + 1, end - slash - 1);
  }

  static bool claim(std::optional<Target>* target, const Route& route, std::uint32_t place,
                    std::uint32_t* earlier) {
    if (*target) {
      *earlier = (*target)->place;
      return false;
    }
    *target = Target{.match = {.site = route.site, .route = route.index}, .place = place};
    return true;
  }

  static std::uint32_t find_child(const Node& node, std::string_view segment) {
    const auto at =
        std::ranges::lower_bound(node.children, segment, std::less<>{}, &Child::segment);
    return at != node.children.end() && at->segment == segment ? at->node : kNone;
  }

  std::uint32_t make_child(std::uint32_t parent, std::string_view segment) {
    const std::uint32_t found = find_child(nodes_[parent], segment);
    if (found != kNone) return found;
    const std::uint32_t child = make_node(parent);
    auto& children = nodes_[parent].children;
    const auto at = std::ranges::lower_bound(children, segment, std::less<>{}, &Child::segment);
    children.insert(at, {.segment = std::string(segment), .node = child});
    return child;
  }

  std::uint32_t parameter_child(std::uint32_t parent) {
    if (nodes_[parent].parameter == kNone) {
      const std::uint32_t child = make_node(parent);
      nodes_[child].is_parameter = true;
      nodes_[parent].parameter = child;
    }
    return nodes_[parent].parameter;
  }

  std::uint32_t make_node(std::uint32_t parent) {
    PEAR_ASSERT(nodes_.size() < kNone, "the configuration bounds the routes");
    nodes_.emplace_back().parent = parent;
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  std::vector<Node> nodes_;
};

struct RouteTable::Hosts {
  using ByName = std::unordered_map<std::string, PathTrie, TextHash, std::equal_to<>>;

  ByName exact;
  ByName wildcard;  // "*.example.com" as "example.com".
  std::optional<PathTrie> every;
  std::size_t wildcard_bytes_max = 0;  // Longer ends of a host need not be looked up.

  PathTrie& trie_for(std::string_view host) {
    if (host.empty()) return every ? *every : every.emplace();
    if (!host.starts_with("*.")) return exact[std::string(host)];
    host.remove_prefix(2);
    wildcard_bytes_max = std::max(wildcard_bytes_max, host.size());
    return wildcard[std::string(host)];
  }

  // Null when nothing serves the host.
  [[nodiscard]] const PathTrie* find(std::string_view host) const {
    if (host.ends_with('.')) host.remove_suffix(1);
    if (const auto found = exact.find(host); found != exact.end()) return &found->second;
    // From the longest end that follows a dot to the shortest.
    for (std::size_t dot = first_dot(host); dot != std::string_view::npos;
         dot = host.find('.', dot + 1)) {
      const auto found = wildcard.find(host.substr(dot + 1));
      if (found != wildcard.end() && dot > 0) return &found->second;
    }
    return every ? &*every : nullptr;
  }

 private:
  // The first dot whose rest is short enough to be a known wildcard: a host of thousands of labels
  // costs no more than one of a few.
  [[nodiscard]] std::size_t first_dot(std::string_view host) const {
    if (wildcard.empty()) return std::string_view::npos;
    const std::size_t from =
        host.size() > wildcard_bytes_max ? host.size() - wildcard_bytes_max - 1 : 0;
    return host.find('.', from);
  }
};

RouteTable::RouteTable() = default;
RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

RouteTable RouteTable::build(const std::vector<Route>& routes, std::vector<Conflict>* conflicts) {
  RouteTable table;
  table.hosts_ = std::make_unique<Hosts>();
  for (std::uint32_t place = 0; place < routes.size(); ++place) {
    const Route& route = routes[place];
    PEAR_ASSERT(!problem_in_path(route.path), "the configuration refuses such a path");
    std::uint32_t earlier = 0;
    const bool added = table.hosts_->trie_for(route.host).add(route, place, &earlier);
    if (!added && conflicts != nullptr) {
      conflicts->push_back({.first = routes[earlier], .second = route});
    }
  }
  return table;
}

std::optional<RouteMatch> RouteTable::match(std::string_view host, std::string_view path) const {
  if (hosts_ == nullptr || !path.starts_with('/')) return std::nullopt;
  const PathTrie* const trie = hosts_->find(host);
  return trie == nullptr ? std::nullopt : trie->match(path);
}

std::optional<std::string> RouteTable::problem_in_path(std::string_view path) {
  return config::problem_in_route_path(path);
}

}  // namespace pear::model

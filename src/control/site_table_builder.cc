#include "control/site_table_builder.h"

#include <algorithm>
#include <utility>

namespace pear::control {
namespace {

using supervisor::Generation;

void add_places(const Generation& generation, model::Site& site) {
  const auto& weights = generation.version.settings->weights;
  for (std::size_t i = 0; i < generation.places.size(); ++i) {
    const supervisor::Cage* const cage = generation.places[i]->cage.get();
    if (cage == nullptr || !cage->lives()) continue;
    site.cages.push_back({.cage = cage->id,
                          .core = cage->core,
                          .weight = i < weights.size() ? weights[i] : 1,
                          .counters = cage->counters});
  }
}

void add_routes(SiteId site, const config::SiteSettings& settings,
                std::vector<model::Route>& routes) {
  static const std::vector<std::string> kEveryHost{""};
  for (const std::string& host : settings.hosts.empty() ? kEveryHost : settings.hosts) {
    for (std::uint32_t i = 0; i < settings.routes.size(); ++i) {
      routes.push_back({.host = host, .path = settings.routes[i].path, .site = site, .index = i});
    }
  }
}

}  // namespace

SiteId SiteTableBuilder::id_of(std::string_view name) {
  if (const SiteId* const known = find(name)) return *known;
  const SiteId id{static_cast<std::uint32_t>(metrics_.size())};
  ids_.emplace(name, id);
  auto metrics = std::make_shared<model::SiteMetrics>();
  metrics->name = name;
  for (std::uint32_t i = 0; i < cores_; ++i) {
    metrics->by_core.push_back(std::make_unique<model::SiteCounters>());
  }
  metrics_.push_back(std::move(metrics));
  return id;
}

const SiteId* SiteTableBuilder::find(std::string_view name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? nullptr : &found->second;
}

std::shared_ptr<model::Site> SiteTableBuilder::make_site(
    SiteId id, const config::SiteSettings& settings) const {
  auto site = std::make_shared<model::Site>();
  site->id = id;
  site->key = base::site_key(settings.name);
  site->settings = settings;
  site->metrics = metrics_[static_cast<std::uint32_t>(id)];
  return site;
}

// A staged generation is in the table too, so that its cages can be made, under the settings that
// they are to have; its routes come into force when it takes over.
std::shared_ptr<const model::SiteTable> SiteTableBuilder::build(
    const supervisor::Supervisor& supervisor, const WantedSites& wanted,
    std::vector<model::RouteTable::Conflict>* conflicts) {
  for (const config::SiteSettings& settings : wanted.sites) static_cast<void>(id_of(settings.name));
  auto table = std::make_shared<model::SiteTable>();
  table->generation = ++generation_;
  table->sites.resize(metrics_.size());
  std::vector<model::Route> routes;
  for (const auto& [id, watch] : supervisor.sites()) {
    const auto index = static_cast<std::uint32_t>(id);
    auto site = make_site(id, *watch->newest().settings);
    add_places(watch->current(), *site);
    if (watch->staged() != nullptr) {
      add_places(*watch->staged(), *site);
      // What a route says belongs to the routes in force.
      site->settings.routes = watch->current().version.settings->routes;
    }
    table->sites[index] = std::move(site);
    add_routes(id, *watch->current().version.settings, routes);
  }
  for (std::size_t i = 0; i < wanted.sites.size(); ++i) {
    const config::SiteSettings& settings = wanted.sites[i];
    const SiteId id = id_of(settings.name);
    if (supervisor.sites().contains(id)) continue;
    auto site = make_site(id, settings);
    site->awaits_image = i >= wanted.decided;
    table->sites[static_cast<std::uint32_t>(id)] = std::move(site);
    add_routes(id, settings, routes);
  }
  table->routes = model::RouteTable::build(routes, conflicts);
  return table;
}

}  // namespace pear::control

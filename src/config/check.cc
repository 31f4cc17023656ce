// What follows from several settings together, and what is wrong only together.
#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "config/draft.h"
#include "config/route_path.h"
#include "config/units.h"

namespace pear::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kClaimsMax = 100'000;

std::string key_of(const SiteSettings& site, std::string_view path) {
  return full_key(Scope::Site, site.name, path);
}

void add_at(const Origin& origin, std::string key, std::string what, Draft* draft) {
  draft->add({.where = origin.where,
              .at = origin.at,
              .key = std::move(key),
              .what = std::move(what),
              .expected = {},
              .suggestion = {}});
}

// Whether somebody set the key, the preset apart.
bool is_set(const Draft& draft, const std::string& key) {
  const auto found = draft.origins.find(key);
  return found != draft.origins.end() && !found->second.where.starts_with("preset ");
}

void complete_files(SiteSettings* site, Draft* draft) {
  const std::string allow = key_of(*site, "permissions.allow_filesystem");
  const std::string files = key_of(*site, "permissions.files");
  Permissions& permissions = site->permissions;
  if (!permissions.files.empty()) {
    if (is_set(*draft, allow) && !permissions.allow_filesystem) {
      add_at(draft->origin_of(allow), allow, "is false, but permissions.files names folders",
             draft);
    }
    permissions.allow_filesystem = true;
    if (!is_set(*draft, allow)) draft->origins[allow] = draft->origin_of(files);
    return;
  }
  if (is_set(*draft, files)) {
    permissions.allow_filesystem = false;
    draft->origins.erase(allow);
    return;
  }
  if (!permissions.allow_filesystem) return;
  permissions.files.push_back({.source = draft->folder, .destination = "/", .writable = false});
  draft->origins[files] = draft->origin_of(allow);
}

void check_folders(const SiteSettings& site, Draft* draft) {
  std::error_code error;
  const std::string files = key_of(site, "permissions.files");
  for (const FileGrant& grant : site.permissions.files) {
    if (fs::is_directory(grant.source, error)) continue;
    const bool there = fs::exists(grant.source, error);
    add_at(draft->origin_of(files), files,
           fmt::format("the source {} {}", in_quotes(grant.source.string()),
                       there ? "is not a folder" : "does not exist"),
           draft);
  }
  const std::string workdir = key_of(site, "build.workdir");
  if (!site.build.command.empty() && !fs::is_directory(site.build.workdir, error)) {
    add_at(draft->origin_of(workdir, key_of(site, "build.command")), workdir,
           fmt::format("{} is not a folder", in_quotes(site.build.workdir.string())), draft);
  }
}

void check_weights(const SiteSettings& site, Draft* draft) {
  const std::string balance = key_of(site, "balance");
  const std::string weights = key_of(site, "weights");
  if (site.balance != Balance::Weighted) {
    if (!site.weights.empty()) {
      add_at(draft->origin_of(weights), weights, "needs balance = \"weighted\"", draft);
    }
  } else if (site.cages == 0) {
    add_at(draft->origin_of(balance), balance,
           R"("weighted" needs a number of cages, not "per-core")", draft);
  } else if (site.weights.size() != site.cages) {
    add_at(draft->origin_of(weights, balance), weights,
           fmt::format("has {} weights for {} cages: name one for each", site.weights.size(),
                       site.cages),
           draft);
  }
}

void check_addresses(Draft* draft) {
  const ServerSettings& server = draft->settings.server;
  if (!server.admin || server.admin->port == 0) return;
  for (const ListenAddress& address : server.listen) {
    const auto is_any = [](const ListenAddress& a) {
      return a.host == "0.0.0.0" || a.host == "::";
    };
    if (address.port != server.admin->port) continue;
    if (address.host != server.admin->host && !is_any(address) && !is_any(*server.admin)) continue;
    add_at(draft->origin_of("server.admin", "server.listen"), "server.admin",
           fmt::format("{} is taken by server.listen ({}): choose another port, or \"off\"",
                       to_text(*server.admin), to_text(address)),
           draft);
    return;
  }
}

void check_head(Draft* draft) {
  const HttpLimits& http = draft->settings.server.http;
  if (http.request_line_max <= http.header_max) return;
  const std::string key = "server.http.request_line_max";
  add_at(draft->origin_of(key, "server.http.header_max"), key,
         fmt::format("{} is more than server.http.header_max ({}), which it is a part of",
                     to_text(http.request_line_max), to_text(http.header_max)),
         draft);
}

std::string place_of(const Origin& origin) {
  return origin.at.line == 0 ? origin.where : fmt::format("{}:{}", origin.where, origin.at.line);
}

// No request may have two sites to go to.
void check_claims(Draft* draft) {
  std::unordered_map<std::string, const SiteSettings*> claims;
  const std::vector<std::string> every_host{""};
  for (const SiteSettings& site : draft->settings.sites) {
    const std::vector<std::string>& hosts = site.hosts.empty() ? every_host : site.hosts;
    const std::string routes = key_of(site, "route");
    const Origin here = draft->origin_of(is_set(*draft, routes) ? routes : key_of(site, "hosts"),
                                         "site." + site.name);
    if (claims.size() + hosts.size() * site.routes.size() > kClaimsMax) {
      add_at(here, "site." + site.name,
             "with this site there are more than 100,000 pairs of a host and a path", draft);
      return;
    }
    for (const std::string& host : hosts) {
      for (const RouteSettings& route : site.routes) {
        const auto [first, added] =
            claims.emplace(fmt::format("{} {}", host, route_pattern(route.path)), &site);
        if (added || draft->full()) continue;
        const SiteSettings& other = *first->second;
        const Origin there =
            draft->origin_of(is_set(*draft, key_of(other, "route")) ? key_of(other, "route")
                                                                    : key_of(other, "hosts"),
                             "site." + other.name);
        add_at(here, "site." + site.name,
               fmt::format("claims {} on {}, which site.{} already has ({})", in_quotes(route.path),
                           host.empty() ? "every host" : host, other.name, place_of(there)),
               draft);
      }
    }
  }
}

// A project in development is served by TLS too, beside its first address: 3000 → 3443.
constexpr std::uint16_t kHttpsPortDistance = 443;

void complete_https(Draft* draft) {
  ServerSettings& server = draft->settings.server;
  if (is_set(*draft, "server.https") || server.preset != Preset::Dev || server.listen.empty()) {
    return;
  }
  ListenAddress address = server.listen.front();
  if (address.port > 0xFFFF - kHttpsPortDistance) return;
  if (address.port != 0) address.port += kHttpsPortDistance;
  server.https.push_back(std::move(address));
}

// Development makes its own certificate (io/tls/local_authority.h).
void check_https(Draft* draft) {
  const ServerSettings& server = draft->settings.server;
  if (!server.https.empty() && server.certificates.empty() && server.preset != Preset::Dev) {
    add_at(draft->origin_of("server.https"), "server.https",
           "needs a certificate: add [[server.certificate]] with its chain and key; preset dev "
           "makes one for localhost",
           draft);
  }
  for (const ListenAddress& address : server.https) {
    if (address.port == 0 || std::ranges::find(server.listen, address) == server.listen.end()) {
      continue;
    }
    add_at(draft->origin_of("server.https"), "server.https",
           fmt::format("{} is in server.listen too: one address speaks one of them",
                       in_quotes(to_text(address))),
           draft);
  }
  for (const SiteSettings& site : draft->settings.sites) {
    const std::string check = key_of(site, "https.client_certificates");
    const HttpsSettings& https = site.https;
    if (https.client_certificates != ClientCheck::Off && https.client_authorities.empty()) {
      add_at(draft->origin_of(check), key_of(site, "https.client_authorities"),
             "is missing: name the PEM file of the authorities that sign clients' certificates",
             draft);
    }
    if (https.client_certificates != ClientCheck::Off && server.https.empty()) {
      add_at(draft->origin_of(check), check, "needs server.https: only TLS shows certificates",
             draft);
    }
    if (https.redirect && server.https.empty()) {
      add_at(draft->origin_of(key_of(site, "https.redirect")), key_of(site, "https.redirect"),
             "needs server.https: there is nowhere to send clients to", draft);
    }
  }
}

}  // namespace

void complete(Draft* draft) {
  complete_https(draft);
  for (SiteSettings& site : draft->settings.sites) {
    complete_files(&site, draft);
    BuildSettings& build = site.build;
    if (!build.command.empty() && build.workdir.empty()) {
      build.workdir = draft->folder;
      draft->origins[key_of(site, "build.workdir")] =
          draft->origin_of(key_of(site, "build.command"));
    }
  }
}

void check(Draft* draft) {
  check_addresses(draft);
  check_https(draft);
  check_head(draft);
  for (const SiteSettings& site : draft->settings.sites) {
    // A source that was refused has its problem already.
    const std::string source = key_of(site, "source");
    const bool refused =
        std::ranges::find(draft->problems(), source, &Problem::key) != draft->problems().end();
    if (site.source.empty() && !refused) {
      add_at(draft->origin_of("site." + site.name), source,
             "is missing: name the component, such as source = \"app.wasm\"", draft);
    }
    check_folders(site, draft);
    check_weights(site, draft);
  }
  check_claims(draft);
}

}  // namespace pear::config

#include "cli/banner.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "keeper/listener_set.h"

namespace pear::cli {

namespace {

bool is_any_address(std::string_view host) {
  return host == "0.0.0.0" || host == "::";
}

std::string cages_text(const config::SiteSettings& site) {
  if (site.cages == 0) return "a cage for each core";
  return site.cages == 1 ? "1 cage" : fmt::format("{} cages", site.cages);
}

// The first path of a site that is a whole path, not a pattern.
std::string path_of(const config::SiteSettings& site) {
  for (const config::RouteSettings& route : site.routes) {
    if (route.path.find(':') != std::string::npos) continue;
    if (route.path.ends_with("/...")) return route.path.substr(0, route.path.size() - 3);
    return route.path;
  }
  return "/";
}

// A site that answers only to its names is asked by name.
std::string host_option(const config::SiteSettings& site) {
  if (site.hosts.empty()) return "";
  std::string host = site.hosts[0];
  if (host.starts_with("*.")) host.replace(0, 1, "www");
  return fmt::format("-H 'host: {}' ", host);
}

// What is spoken there, or why nothing is.
std::string versions_text(const config::ListenAddress& address, const config::Settings& settings,
                          const HttpsServed& https) {
  if (!https.can_serve) return "(refused until its files are right)";
  std::string text = "(HTTP/1.1";
  if (settings.server.http2.enabled) text += ", HTTP/2";
  if (std::ranges::find(https.by_udp, address) != https.by_udp.end()) text += ", HTTP/3";
  return text + ")";
}

std::string https_url_of(const config::ListenAddress& address) {
  // A certificate is for a name.
  if (address.host == "127.0.0.1" || address.host == "::1" || is_any_address(address.host)) {
    return fmt::format("https://localhost:{}/", address.port);
  }
  return fmt::format("https://{}/", keeper::to_text(address));
}

}  // namespace

std::string url_of(const config::ListenAddress& address) {
  config::ListenAddress shown = address;
  if (shown.host == "0.0.0.0") shown.host = "127.0.0.1";
  if (shown.host == "::") shown.host = "::1";
  return fmt::format("http://{}/", keeper::to_text(shown));
}

NotServed parse_not_served(std::string_view text) {
  NotServed out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    out.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  return out;
}

std::string banner_text(const config::Settings& settings, const HttpsServed& https,
                        const NotServed& not_served, const Terminal& terminal) {
  std::string out = fmt::format("\n  {} serves\n", terminal.out(Colour::Bold, "pear"));
  for (const config::SiteSettings& site : settings.sites) {
    const std::string hosts =
        site.hosts.empty() ? "every host" : fmt::format("{}", fmt::join(site.hosts, ", "));
    if (const auto found = not_served.find(site.name); found != not_served.end()) {
      out += fmt::format("    {}  {}\n", terminal.out(Colour::Bold, site.name),
                         terminal.out(Colour::Yellow, "not served: " + printable(found->second)));
      continue;
    }
    out += fmt::format("    {}  {}\n", terminal.out(Colour::Bold, site.name),
                       terminal.out(Colour::Dim, hosts + ", " + cages_text(site)));
  }
  out += '\n';
  const auto add_url = [&](const std::string& url, std::string_view host,
                           const std::string& versions) {
    out +=
        fmt::format("  {} {}", terminal.out(Colour::Green, "➜"), terminal.out(Colour::Cyan, url));
    if (!versions.empty()) out += terminal.out(Colour::Dim, "  " + versions);
    if (is_any_address(host)) {
      out += terminal.out(Colour::Dim, "  and every other address of this machine");
    }
    out += '\n';
  };
  for (const config::ListenAddress& address : settings.server.listen) {
    add_url(url_of(address), address.host, {});
  }
  for (const config::ListenAddress& address : settings.server.https) {
    add_url(https_url_of(address), address.host, versions_text(address, settings, https));
  }
  const auto served = std::ranges::find_if(settings.sites, [&](const config::SiteSettings& site) {
    return !not_served.contains(site.name);
  });
  const config::SiteSettings& first = served == settings.sites.end() ? settings.sites[0] : *served;
  const std::string url =
      settings.server.listen.empty() ? "http://127.0.0.1:3000/" : url_of(settings.server.listen[0]);
  const std::string page = url.substr(0, url.size() - 1) + path_of(first);
  out += fmt::format("\n  {}\n", terminal.out(Colour::Dim, "Try next"));
  out += fmt::format("    curl -i {}{}\n", host_option(first), page);
  if (settings.server.admin) {
    const config::ListenAddress usual;
    const bool is_usual = *settings.server.admin == config::ListenAddress{usual.host, 3001};
    out += is_usual ? std::string("    pear status\n")
                    : fmt::format("    pear status --admin {}\n",
                                  keeper::to_text(*settings.server.admin));
  }
  out += fmt::format("    pear bench {}\n", page);
  if (!settings.server.https.empty() && https.is_local) {
    out += "    pear trust          (once: makes browsers believe https://localhost)\n";
  }
  out += fmt::format("  {}\n\n", terminal.out(Colour::Dim, "Ctrl-C ends it"));
  return out;
}

}  // namespace pear::cli

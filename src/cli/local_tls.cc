#include "cli/local_tls.h"

#include <array>
#include <cstdlib>

#include <unistd.h>

#include <fmt/format.h>
#include <pwd.h>

#include "io/clock.h"

namespace pear::cli {

namespace {

// "ada@laptop": whose authority it is, where browsers list it.
std::string owner_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found);
  return fmt::format("{}@{}", found == nullptr ? "user" : found->pw_name, host.data());
}

}  // namespace

std::filesystem::path local_authority_folder() {
  const auto variable = [](const char* name) -> std::filesystem::path {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? "" : value;
  };
  if (auto xdg = variable("XDG_DATA_HOME"); xdg.is_absolute()) return xdg / "pear" / "authority";
  if (auto home = variable("HOME"); home.is_absolute()) {
    return home / ".local" / "share" / "pear" / "authority";
  }
  return {};
}

io::tls::LocalAuthority::Ready prepare_local_authority(const std::filesystem::path& folder,
                                                       std::vector<std::string> hosts) {
  if (folder.empty()) {
    return {.certificate = {},
            .authority = {},
            .problems = {"there is no folder for the local authority: set HOME or XDG_DATA_HOME"}};
  }
  return io::tls::LocalAuthority::prepare(
      {.folder = folder, .owner = owner_name(), .hosts = std::move(hosts)}, io::wall_time());
}

std::vector<std::string> use_local_certificate(const std::filesystem::path& folder,
                                               config::Settings& settings) {
  config::ServerSettings& server = settings.server;
  if (server.preset != config::Preset::Dev || server.https.empty() ||
      !server.certificates.empty()) {
    return {};
  }
  std::vector<std::string> hosts;
  for (const config::SiteSettings& site : settings.sites) {
    hosts.insert(hosts.end(), site.hosts.begin(), site.hosts.end());
  }
  const io::tls::LocalAuthority::Ready ready = prepare_local_authority(folder, std::move(hosts));
  if (!ready.problems.empty()) return ready.problems;
  server.certificates.push_back(
      {.chain = ready.certificate.chain, .key = ready.certificate.key, .ocsp = {}});
  return {};
}

}  // namespace pear::cli

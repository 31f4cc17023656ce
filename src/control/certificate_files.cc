#include "control/certificate_files.h"

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace pear::control {

namespace {

// A setting that names a file.
struct Naming {
  std::filesystem::path file;
  std::string key;       // "server.certificate[0].chain"
  std::string fallback;  // Where it may stand as well: "server.certificate".
};

// In the order in which io/tls reads them.
std::vector<Naming> namings_in(const config::Settings& settings) {
  std::vector<Naming> namings;
  for (const config::SiteSettings& site : settings.sites) {
    if (site.https.client_certificates == config::ClientCheck::Off) continue;
    const std::string key = fmt::format("site.{}.https.client_authorities", site.name);
    namings.push_back({.file = site.https.client_authorities, .key = key, .fallback = key});
  }
  for (std::size_t i = 0; i < settings.server.certificates.size(); ++i) {
    const config::CertificateSettings& certificate = settings.server.certificates[i];
    const std::string list = "server.certificate";
    const std::string item = fmt::format("{}[{}]", list, i);
    namings.push_back({.file = certificate.chain, .key = item + ".chain", .fallback = list});
    namings.push_back({.file = certificate.key, .key = item + ".key", .fallback = list});
    namings.push_back({.file = certificate.ocsp, .key = item + ".ocsp", .fallback = list});
  }
  return namings;
}

// Findings become problems at the settings that name their files.
class Places {
 public:
  Places(const config::Settings& settings, const config::Origins& origins)
      : file_(settings.file.string()), origins_(origins), namings_(namings_in(settings)) {}

  [[nodiscard]] std::vector<config::Problem> problems_of(
      const std::vector<io::tls::Finding>& findings) const {
    // By place; what stands in no file follows.
    std::multimap<config::Position, config::Problem> by_place;
    // A file that several settings name is read for each of them, and found wrong as often.
    std::map<std::string, std::size_t> told;
    for (const io::tls::Finding& finding : findings) {
      if (finding.file.empty()) continue;
      config::Problem problem = problem_of(finding, told[finding.text]++);
      constexpr config::Position kLast{.line = 0xFFFF'FFFF, .column = 0};
      by_place.emplace(problem.at.line == 0 ? kLast : problem.at, std::move(problem));
    }
    std::vector<config::Problem> problems;
    for (auto& [place, problem] : by_place) problems.push_back(std::move(problem));
    return problems;
  }

 private:
  [[nodiscard]] config::Problem problem_of(const io::tls::Finding& finding,
                                           std::size_t count) const {
    config::Problem problem{.where = file_, .what = finding.text};
    if (problem.what.ends_with('.')) problem.what.pop_back();
    for (const Naming& naming : namings_) {
      if (naming.file != finding.file) continue;
      problem.key = naming.key;
      const config::Origin origin = origin_of(naming);
      problem.where = origin.where;
      problem.at = origin.at;
      if (count-- == 0) break;
    }
    return problem;
  }

  [[nodiscard]] config::Origin origin_of(const Naming& naming) const {
    for (const std::string& key : {naming.key, naming.fallback}) {
      const auto found = origins_.find(key);
      if (found != origins_.end()) return found->second;
    }
    return {.where = file_, .at = {}};
  }

  std::string file_;
  const config::Origins& origins_;  // Borrowed, as long as a check lasts.
  std::vector<Naming> namings_;
};

}  // namespace

io::tls::ContextOptions certificate_options(const config::Settings& settings) {
  io::tls::ContextOptions options;
  options.http2 = settings.server.http2.enabled;
  options.version_min = settings.server.tls.version_min == config::TlsVersion::Tls13
                            ? io::tls::Version::Tls13
                            : io::tls::Version::Tls12;
  for (const config::CertificateSettings& certificate : settings.server.certificates) {
    options.certificates.push_back(
        {.chain = certificate.chain, .key = certificate.key, .ocsp = certificate.ocsp});
  }
  for (const config::SiteSettings& site : settings.sites) {
    const config::HttpsSettings& https = site.https;
    if (https.client_certificates == config::ClientCheck::Off) continue;
    options.clients.push_back({.hosts = site.hosts,
                               .check = https.client_certificates == config::ClientCheck::Require
                                            ? io::tls::ClientCheck::Require
                                            : io::tls::ClientCheck::Optional,
                               .authorities = https.client_authorities});
  }
  return options;
}

CertificateCheck check_certificates(const config::Settings& settings,
                                    const config::Origins& origins, WallTime now) {
  if (settings.server.https.empty()) return {};
  const auto loaded = io::tls::ServerContexts::load(certificate_options(settings), now);
  const Places places(settings, origins);
  return {.problems = places.problems_of(loaded.problems),
          .warnings = places.problems_of(loaded.warnings),
          .can_serve = loaded.contexts != nullptr};
}

}  // namespace pear::control

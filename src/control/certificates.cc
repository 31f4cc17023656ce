#include "control/certificates.h"

#include <algorithm>
#include <set>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/units.h"
#include "control/certificate_files.h"

namespace pear::control {

namespace {

io::tls::ContextOptions options_of(const config::Settings& settings,
                                   const Certificates::Parts& parts) {
  io::tls::ContextOptions options = certificate_options(settings);
  options.tickets = parts.tickets;
  const bool early = settings.server.http3.enabled && settings.server.http3.early_data &&
                     std::ranges::any_of(settings.sites, [](const config::SiteSettings& site) {
                       return site.https.early_data;
                     });
  if (early) options.strikes = parts.strikes;
  return options;
}

}  // namespace

// What tells that a file is another one than before; all zero for one that is not there.
struct Certificates::Stamp {
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  bool operator==(const Stamp&) const = default;
};

struct Certificates::Found {
  std::vector<Stamp> stamps;
  io::tls::ServerContexts::Loaded loaded;
};

Certificates::Certificates(Parts parts) : parts_(std::move(parts)) {}

Certificates::~Certificates() = default;

std::vector<Certificates::Stamp> Certificates::stamps_of(const io::tls::ContextOptions& options) {
  std::vector<Stamp> stamps;
  const auto add = [&](const std::filesystem::path& path) {
    if (path.empty()) return;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
      stamps.emplace_back();
      return;
    }
    stamps.push_back({.inode = status.st_ino,
                      .bytes = status.st_size,
                      .seconds = status.st_mtim.tv_sec,
                      .nanoseconds = status.st_mtim.tv_nsec});
  };
  for (const io::tls::CertificateFiles& files : options.certificates) {
    add(files.chain);
    add(files.key);
    add(files.ocsp);
  }
  for (const io::tls::ClientRule& rule : options.clients) add(rule.authorities);
  return stamps;
}

// The stamps are taken first: a file that changes meanwhile is read again.
Certificates::Found Certificates::load(const io::tls::ContextOptions& options, WallTime now,
                                       const io::tls::ServerContexts* in_force) {
  Found found{.stamps = stamps_of(options), .loaded = {}};
  found.loaded = io::tls::ServerContexts::load(options, now, in_force);
  return found;
}

void Certificates::apply(const config::Settings& settings) {
  if (settings.server.https.empty()) return;
  options_ = options_of(settings, parts_);
  addresses_.clear();
  for (const config::ListenAddress& address : settings.server.https) {
    addresses_.push_back(config::to_text(address));
  }
  ++generation_;
  if (contexts_ == nullptr) {
    take(load(options_, parts_.wall_time(), nullptr));
  } else {
    stamps_.clear();  // Whatever the files say, it is for other settings.
    look(parts_.reactor.now());
  }
  parts_.reactor.timers().arm(look_, parts_.reactor.now() + kLook);
}

void Certificates::look(MonotonicTime now) {
  parts_.reactor.timers().arm(look_, now + kLook);
  if (contexts_ != nullptr) warn(contexts_->expiry_warnings(parts_.wall_time()));
  if (looking_) return;
  looking_ = true;
  parts_.worker.submit([this, options = options_, stamps = stamps_, generation = generation_,
                        wall = parts_.wall_time(), in_force = contexts_]() mutable -> Worker::Then {
    const bool same = stamps == stamps_of(options);
    auto found = same ? nullptr : std::make_unique<Found>(load(options, wall, in_force.get()));
    return [this, generation, found = std::move(found)]() mutable {
      looking_ = false;
      if (generation != generation_) return look(parts_.reactor.now());
      if (found != nullptr) take(std::move(*found));
    };
  });
}

void Certificates::take(Found found) {
  stamps_ = std::move(found.stamps);
  for (const io::tls::Finding& problem : found.loaded.problems) {
    say(log::Level::Error, "certificate_refused", problem.text);
  }
  warn(found.loaded.warnings);
  if (found.loaded.contexts == nullptr) {
    if (contexts_ == nullptr) return refuse_handshakes();
    return say(log::Level::Error, "certificates_kept",
               "the certificates and the rules for clients stay as they were, all of them, until "
               "what is wrong is mended");
  }
  const bool whole = found.loaded.problems.empty();
  if (!whole && !found.loaded.changed) return;
  const bool first = contexts_ == nullptr;
  contexts_ = std::move(found.loaded.contexts);
  parts_.publish(contexts_);
  if (first && !refusing_) return;
  say(log::Level::Info, "certificates_loaded",
      whole ? "certificates have changed"
            : "certificates have changed, but for those with a problem: these stay as they were");
}

// Clients hear at once that there is nothing for them, and do not wait for it.
void Certificates::refuse_handshakes() {
  if (std::exchange(refusing_, true)) return;
  say(log::Level::Error, "https_refused",
      fmt::format("https cannot be served: handshakes on {} are refused until the files are right",
                  fmt::join(addresses_, ", ")));
  parts_.publish(io::tls::ServerContexts::refusing());
}

void Certificates::warn(const std::vector<io::tls::Finding>& warnings) {
  const WallTime now = parts_.wall_time();
  // A clock that was set back starts anew.
  std::erase_if(warned_, [&](const auto& warned) {
    return now < warned.second || now - warned.second >= kWarnAgain;
  });
  for (const io::tls::Finding& warning : warnings) {
    if (warned_.emplace(warning.text, now).second) {
      say(log::Level::Warning, "certificate_warning", warning.text);
    }
  }
}

void Certificates::say(log::Level level, std::string_view name, const std::string& message) {
  parts_.logger.event(parts_.wall_time(), {.level = level, .name = name, .message = message});
}

}  // namespace pear::control

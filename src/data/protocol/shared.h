// Shared: what all the connections of a core use, whatever their protocol.
//
// Thread: core-local.
// Memory: one output buffer and one pool of chunks for all connections.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/log/logger.h"
#include "base/net/ip_prefix.h"
#include "config/settings.h"
#include "data/request_path.h"
#include "data/security/admission.h"
#include "data/security/notices.h"
#include "http/date.h"
#include "io/chunk.h"
#include "io/reactor.h"
#include "io/tls/quic_secrets.h"
#include "io/tls/server_contexts.h"
#include "io/tls/session.h"
#include "model/counters.h"

namespace pear::data::protocol {

class Shared {
 public:
  struct Parts {
    RequestPath& path;
    io::Reactor& reactor;
    const config::ServerSettings& settings;
    model::CoreCounters& counters;
    log::Logger& logger;
    security::Notices& notices;
    security::Admission& admission;
    CoreId core{};
    std::uint32_t cores = 1;
    const io::tls::QuicSecrets* quic = nullptr;  // Where HTTP/3 is served.
  };
  explicit Shared(const Parts& parts)
      : path(parts.path),
        reactor(parts.reactor),
        settings(parts.settings),
        counters(parts.counters),
        logger(parts.logger),
        notices(parts.notices),
        admission(parts.admission),
        trusted_proxies(parts.settings.trusted_proxies),
        core(parts.core),
        cores(parts.cores),
        quic(parts.quic),
        tls_workspace(chunks),
        output_(std::make_unique_for_overwrite<char[]>(kOutputBytes)) {}

  RequestPath& path;
  io::Reactor& reactor;
  const config::ServerSettings& settings;
  model::CoreCounters& counters;
  log::Logger& logger;
  security::Notices& notices;
  security::Admission& admission;
  net::IpPrefixSet trusted_proxies;
  const CoreId core;
  const std::uint32_t cores;
  const io::tls::QuicSecrets* const quic;
  io::ChunkPool chunks;
  io::tls::Workspace tls_workspace;
  WallTime wall_time{};
  // Null until certificates are published.
  std::shared_ptr<const io::tls::ServerContexts> contexts;

  // The settings have changed.
  void use_settings() { trusted_proxies = net::IpPrefixSet(settings.trusted_proxies); }

  // For what is composed and handed to the kernel within one call.
  [[nodiscard]] std::span<char> output() { return {output_.get(), kOutputBytes}; }
  // The value of a Date field, now.
  [[nodiscard]] std::string_view date() const { return http::date_view(date_); }
  // Once a turn.
  void set_wall_time(WallTime now) {
    wall_time = now;
    tls_workspace.set_wall_time(now);
    const auto second =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (second == date_second_) return;
    date_second_ = second;
    date_ = http::format_date(second);
  }

 private:
  static constexpr std::size_t kOutputBytes = 64UL * 1024;

  std::unique_ptr<char[]> output_;
  std::int64_t date_second_ = -1;
  http::DateText date_{};
};

}  // namespace pear::data::protocol

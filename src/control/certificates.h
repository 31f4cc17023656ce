// Certificates: keeps the cores' certificates what the files say.
//
// Files are read on a worker of its own: at the start, with new settings, and when one of them has
// changed on disk. A certificate that is wrong is logged, and the one that was in force before it
// goes on, where there was one; the others are renewed all the same. A rule for clients that is
// wrong changes nothing at all, and the log says so. Where no certificate is right at the start,
// handshakes are refused until one is. Each certificate that is about to expire, or has expired, is
// a line in the log once a day.
//
// Thread: control thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log/logger.h"
#include "base/time.h"
#include "config/settings.h"
#include "control/worker.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"
#include "io/tls/server_contexts.h"

namespace pear::control {

class Certificates {
 public:
  using Contexts = std::shared_ptr<const io::tls::ServerContexts>;

  struct Parts {
    io::Reactor& reactor;
    Worker& worker;
    log::Logger& logger;
    WallTime (*wall_time)();
    std::shared_ptr<io::tls::TicketKeys> tickets;
    std::shared_ptr<io::tls::StrikeRegister> strikes;
    // Called with every new set, and with one that refuses handshakes where there is none yet.
    std::move_only_function<void(Contexts)> publish;
  };
  explicit Certificates(Parts parts);
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  Certificates(Certificates&&) = delete;
  Certificates& operator=(Certificates&&) = delete;

  // From now on these. Loaded at once on the calling thread the first time, as nothing can be
  // served before; later on the worker.
  void apply(const config::Settings& settings);

  // The set in force; null where no certificate has been right yet.
  [[nodiscard]] const Contexts& contexts() const { return contexts_; }

 private:
  // How often the files are looked at.
  static constexpr std::chrono::seconds kLook{5};

  static constexpr std::chrono::hours kWarnAgain{24};

  struct Stamp;
  struct Found;

  [[nodiscard]] static Found load(const io::tls::ContextOptions& options, WallTime now,
                                  const io::tls::ServerContexts* in_force);
  [[nodiscard]] static std::vector<Stamp> stamps_of(const io::tls::ContextOptions& options);
  void take(Found found);
  void refuse_handshakes();
  void warn(const std::vector<io::tls::Finding>& warnings);
  void look(MonotonicTime now);
  void say(log::Level level, std::string_view name, const std::string& message);

  Parts parts_;
  io::tls::ContextOptions options_;
  std::vector<std::string> addresses_;  // Of https, as text.
  std::vector<Stamp> stamps_;           // Of the files when they were last read.
  Contexts contexts_;
  std::map<std::string, WallTime> warned_;  // What was logged in the last day.
  std::uint64_t generation_ = 0;  // Of options_: what was loaded for older ones is dropped.
  bool looking_ = false;
  bool refusing_ = false;
  io::Timer look_ = io::Timer::calling<&Certificates::look>(*this);
};

}  // namespace pear::control

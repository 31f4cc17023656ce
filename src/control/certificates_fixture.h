// CertificatesTest: what watches over certificates, with a clock and a log that tests see.
//
// Thread: the test's.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/log/log_channel.h"
#include "control/certificates.h"
#include "io/tls/test_certificates.h"
#include "io/tls/ticket_keys.h"

namespace pear::control {

// What the log and the checks of certificates take for now; of the test's thread alone.
inline WallTime& wall_now() {
  static WallTime now = io::tls::kTestNow;
  return now;
}

inline config::Settings settings_of(const std::vector<io::tls::CertificateFiles>& certificates) {
  config::Settings settings;
  settings.server.https = {{.host = "127.0.0.1", .port = 8443}};
  for (const io::tls::CertificateFiles& files : certificates) {
    settings.server.certificates.push_back(
        {.chain = files.chain, .key = files.key, .ocsp = files.ocsp});
  }
  return settings;
}

inline void move_over(const io::tls::CertificateFiles& from, const io::tls::CertificateFiles& to) {
  std::filesystem::rename(from.chain, to.chain);
  std::filesystem::rename(from.key, to.key);
}

inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() { wall_now() = io::tls::kTestNow; }

  [[nodiscard]] io::tls::CertificateFiles make(
      const std::string& host, std::chrono::days ends = std::chrono::days(90)) const {
    return made_.make({.file = host, .names = {host}, .ends = ends});
  }
  // As certbot and its like do it: new files take the place of the old ones.
  void replace(const io::tls::CertificateFiles& files, const std::string& host,
               std::chrono::days ends = std::chrono::days(90)) const {
    move_over(made_.make({.file = "next", .names = {host}, .ends = ends}), files);
  }
  void damage(const io::tls::CertificateFiles& files) const {
    std::filesystem::rename(made_.folder().write("damaged.pem", "no certificate"), files.chain);
  }

  // The time has come to look at the files, for the timers; nobody waits for it.
  void pass_time() {
    wheel_time_ = std::max(wheel_time_, reactor_->now()) + std::chrono::seconds(6);
    reactor_->timers().advance(wheel_time_);
  }
  // Until the worker has done a job, and what is left of it has been done here.
  void await_worker() {
    while (worker_.collect() == 0) reactor_->turn();
  }
  void look() {
    pass_time();
    await_worker();
  }

  // Of each set of the last contexts that were published.
  [[nodiscard]] std::vector<std::string> served() const {
    std::vector<std::string> names;
    if (published_.empty()) return names;
    for (const auto& set : published_.back()->sets()) {
      names.insert(names.end(), set->names().begin(), set->names().end());
    }
    return names;
  }
  std::string log_text() {
    std::string text;
    while (const auto line = channel_.ring().peek()) {
      text += *line;
      channel_.ring().consume();
    }
    return text;
  }

  io::tls::TestCertificates made_;
  std::unique_ptr<log::LogSignal> signal_ = std::move(log::LogSignal::open()).value();
  log::LogChannel channel_{64U << 10U, *signal_};
  log::Logger logger_{channel_, {.level = log::Level::Debug}};
  std::unique_ptr<io::Reactor> reactor_ = std::move(io::Reactor::open()).value();
  MonotonicTime wheel_time_ = reactor_->now();
  std::vector<Certificates::Contexts> published_;
  Worker worker_{reactor_->waker()};
  Certificates certificates_{
      {.reactor = *reactor_,
       .worker = worker_,
       .logger = logger_,
       .wall_time = [] { return wall_now(); },
       .tickets = io::tls::TicketKeys::in_process(),
       .publish = [this](Certificates::Contexts made) { published_.push_back(std::move(made)); }}};
};

}  // namespace pear::control

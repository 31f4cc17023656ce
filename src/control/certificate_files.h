// Certificate files: what the settings say of certificates and of clients', as io/tls reads it; and
// what is wrong with those files, as problems of the configuration.
//
// `pear validate`, `pear up` and a reload ask before anything is changed; the running server reads
// the same files in the same way (certificates.h).
//
// Thread: any that may wait for a disk.
#pragma once

#include <vector>

#include "base/time.h"
#include "config/load.h"
#include "config/problem.h"
#include "config/settings.h"
#include "io/tls/server_contexts.h"

namespace pear::control {

// All but what belongs to a running server: its tickets and strikes.
[[nodiscard]] io::tls::ContextOptions certificate_options(const config::Settings& settings);

struct CertificateCheck {
  // Each at the setting that names the file; in the order of the text.
  std::vector<config::Problem> problems;
  std::vector<config::Problem> warnings;
  // Whether TLS can be spoken, with the certificates that are right.
  bool can_serve = true;
};
// Reads the files. There is nothing to find where there is no https, and no certificate is missed:
// config::load() says so, and development makes its own.
[[nodiscard]] CertificateCheck check_certificates(const config::Settings& settings,
                                                  const config::Origins& origins, WallTime now);

}  // namespace pear::control

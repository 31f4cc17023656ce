// FakeTls: certificates for the tests' servers, that are good now, and the file to trust them by.
//
// Thread: any (immutable once made).
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/temporary_folder.h"
#include "io/clock.h"
#include "io/tls/local_authority.h"
#include "io/tls/server_contexts.h"
#include "io/tls/strike_register.h"

namespace pear::load {

class FakeTls {
 public:
  explicit FakeTls(io::tls::ContextOptions options = {})
      : ready_(io::tls::LocalAuthority::prepare(
            {.folder = folder_.path() / "authority", .owner = "test", .hosts = {}},
            io::wall_time())) {
    PEAR_ASSERT(ready_.problems.empty(), "a test has a folder of its own");
    options.certificates = {ready_.certificate};
    contexts_ = io::tls::ServerContexts::load(options, io::wall_time()).contexts;
    PEAR_ASSERT(contexts_ != nullptr, "the test's own files are right");
  }

  // Others than the good ones.
  explicit FakeTls(std::shared_ptr<const io::tls::ServerContexts> contexts) : FakeTls() {
    contexts_ = std::move(contexts);
  }

  [[nodiscard]] const std::shared_ptr<const io::tls::ServerContexts>& contexts() const {
    return contexts_;
  }
  [[nodiscard]] const std::filesystem::path& authority() const { return ready_.authority; }

 private:
  base::TemporaryFolder folder_;
  io::tls::LocalAuthority::Ready ready_;
  std::shared_ptr<const io::tls::ServerContexts> contexts_;
};

}  // namespace pear::load

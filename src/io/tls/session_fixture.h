// What the tests of sessions stand on: both sides, on one thread.
//
// Thread: the test's.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "io/tls/client_context.h"
#include "io/tls/server_contexts.h"
#include "io/tls/session.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace pear::io::tls {

// The usual server, and a client that trusts it.
class SessionTest : public testing::Test {
 protected:
  [[nodiscard]] ClientOptions trusting() const {
    return {.verify = ClientOptions::Verify::Authorities, .authorities = certificates_.authority()};
  }
  TestPair connected(const ClientOptions& options) {
    client_context_ = must_load(options);
    TestPair pair(core_, contexts_, *client_context_);
    EXPECT_TRUE(pair.shake_hands().done())
        << pair.client->problem() << " / " << pair.server->problem();
    return pair;
  }
  TestPair connected() { return connected(trusting()); }

  TestCertificates certificates_;
  TestCore core_;
  std::shared_ptr<const ServerContexts> contexts_ =
      must_load({.certificates = {certificates_.make({})}});
  std::unique_ptr<ClientContext> client_context_;
};

}  // namespace pear::io::tls

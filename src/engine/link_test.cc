// One function of each engine that the binary takes from the Rust library and of BoringSSL: that
// they link together, and run. nghttp2 has tests of its own (http/http2).
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <pear_rust.h>

#include "engine/bytes_view.h"
#include "engine/engine.h"

namespace pear::engine {
namespace {

TEST(Linked, BoringSslMakesAContext) {
  const bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  EXPECT_NE(context, nullptr);
}

TEST(Linked, QuicheSpeaksVersionOne) {
  EXPECT_EQ(pear_quiche_version(), 1U);
}

TEST(Linked, AutomergeSavesAndLoads) {
  EXPECT_TRUE(pear_automerge_selftest());
}

// Not a matter of linking, but it lies behind the same header: see bulk/selftest.rs.
TEST(BulkInstructions, DoInPiecesWhatTheyDoAtOnce) {
  for (const std::uint64_t seed : {1, 20'261'130, 3}) {
    EXPECT_EQ(OwnedBytes(pear_bulk_selftest(seed, 3'000)).text(), "") << "seed " << seed;
  }
}

TEST(Linked, VersionsAreNamed) {
  EXPECT_EQ(versions(), "wasmtime 48.0.8, quiche 0.30.0, nghttp2 0.1.13+1.68.1, automerge 0.12.0");
}

}  // namespace
}  // namespace pear::engine

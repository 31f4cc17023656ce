// Property: how the network cuts what a client sends changes nothing about how the handshake ends,
// and whatever it sends, the server neither crashes nor asks for a byte that it has been given.
//
// The first byte chooses where to cut; the rest is what the client says first.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/assert.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace {

using namespace pear::io;       // NOLINT(google-build-using-namespace): a program of one file.
using namespace pear::io::tls;  // NOLINT(google-build-using-namespace)

struct World {
  TestCertificates certificates;
  TestCore core;
  std::shared_ptr<const ServerContexts> contexts =
      must_load(ContextOptions{.certificates = {certificates.make({})},
                               .clients = {{.hosts = {"example.com"},
                                            .check = ClientCheck::Optional,
                                            .authorities = certificates.authority()}}});
};

struct Outcome {
  Session::Progress progress{};
  std::string_view problem;

  bool operator==(const Outcome&) const = default;
};

Outcome answer(World& world, std::string_view head, std::string_view tail) {
  auto [client_fd, server_fd] = socket_pair();
  const auto server = Session::accept(world.contexts, world.core.server);
  Outcome outcome;
  for (const std::string_view piece : {head, tail}) {
    if (piece.empty()) continue;
    static_cast<void>(send(client_fd.get(), std::span<const char>(piece)));
    outcome = {.progress = server->handshake(server_fd.get()), .problem = server->problem()};
    if (outcome.progress != Session::Progress::WouldBlock) break;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size < 2) return 0;
  // What one read takes, so that both runs hand over the same.
  const std::string_view input(reinterpret_cast<const char*>(data) + 1,
                               std::min(size - 1, Workspace::kCiphertextInBytes));
  const std::size_t cut = data[0] * input.size() / 256;

  const Outcome whole = answer(world, {}, input);
  const Outcome pieces = answer(world, input.substr(0, cut), input.substr(cut));

  PEAR_ASSERT(whole == pieces, "the outcome depends on where the input was cut");
  return 0;
}

// CoreCommand: everything that the control plane can tell a core. There is no other way in.
//
// Thread:  made on the control thread, moved through the bounded queue of each core, applied by the
//          core between two turns of its event loop. A core never waits for the control plane.
// Content: values and pointers to immutable snapshots. Nothing that can be reached from a command
// is
//          written to after the command was sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/ids.h"
#include "base/time.h"
#include "model/site_table.h"

namespace pear::engine {
class Image;
}
namespace pear::io::tls {
class ServerContexts;
}

namespace pear::data {

// Use this table from the next exchange on. Running exchanges keep the one that they matched in.
struct PublishSites {
  std::shared_ptr<const model::SiteTable> sites;
};

// Begin handshakes with these certificates from now on, and judge requests by them. Until the first
// of them and a site table are here, connections to addresses with TLS wait in the kernel.
struct PublishCertificates {
  std::shared_ptr<const io::tls::ServerContexts> contexts;
};

// Go by these settings of the server from now on. What only a new start can change is as it was.
struct ApplySettings {
  std::shared_ptr<const config::ServerSettings> settings;
};

// Make the cage (INITIALIZING), from `image`, on this core, under the settings and at the place
// that the site table in force has for it. The answer is CageStarted or SpawnFailed. For a cage
// that is CRASHED this is its respawn.
struct SpawnCage {
  CageId cage{};
  SiteId site{};
  std::shared_ptr<const engine::Image> image;
  std::uint32_t recover_credits = 0;
};

// The cage may recover from so many more faults on its own. Given ahead of time, so that healing
// never waits for the control thread.
struct GrantRecovery {
  CageId cage{};
  std::uint32_t credits = 0;
};

// Let the cage's running requests finish until `deadline`, take no new ones, then free it. The
// answer is CageEnded.
struct TerminateCage {
  CageId cage{};
  MonotonicTime deadline{};
};

// Prove that the cage lives. The answer is CageAlive.
struct CheckCage {
  CageId cage{};
  std::uint64_t nonce = 0;
  std::string path;  // Where not empty, it is asked of the guest first: `heal.path` of now.
};

// Stop accepting, tell clients to go, finish running exchanges until `deadline`, end the rest. The
// answer is CoreDrained.
struct DrainCore {
  MonotonicTime deadline{};
};

using CoreCommand = std::variant<PublishSites, PublishCertificates, ApplySettings, SpawnCage,
                                 GrantRecovery, TerminateCage, CheckCage, DrainCore>;

// Dispatches a command to one lambda per kind. With no catch-all, a new kind of command does not
// compile until every core knows what to do with it.
template <typename... Handlers>
struct OnCommand : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
OnCommand(Handlers...) -> OnCommand<Handlers...>;

}  // namespace pear::data

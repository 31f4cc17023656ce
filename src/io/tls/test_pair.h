// TestPair: a client and a server on one thread, with a wire between them that a test can look at.
// For tests and benchmarks.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "io/chunk.h"
#include "io/socket.h"
#include "io/tls/client_context.h"
#include "io/tls/server_contexts.h"
#include "io/tls/session.h"
#include "io/tls/test_certificates.h"
#include "io/unique_fd.h"

namespace pear::io::tls {

// A chunk pool and workspaces for both sides, at a fixed time.
struct TestCore {
  TestCore() {
    server.set_wall_time(kTestNow);
    client.set_wall_time(kTestNow);
  }
  ChunkPool chunks;
  Workspace server{chunks};
  Workspace client{chunks};
};

inline std::pair<UniqueFd, UniqueFd> socket_pair() {
  std::array<int, 2> fds{};
  PEAR_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0,
              "a test needs sockets");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// What a host asks for and gets.
struct TestPair {
  TestPair(TestCore& core, const std::shared_ptr<const ServerContexts>& contexts,
           const ClientContext& context, std::string_view host = "example.com") {
    std::tie(client_fd, server_fd) = socket_pair();
    server = Session::accept(contexts, core.server);
    client = Session::connect(context, host, core.client);
  }

  struct Outcome {
    Session::Progress client = Session::Progress::WouldBlock;
    Session::Progress server = Session::Progress::WouldBlock;
    [[nodiscard]] bool done() const {
      return client == Session::Progress::Done && server == Session::Progress::Done;
    }
  };

  // Until both are done, one has failed, or neither can go on.
  [[nodiscard]] Outcome shake_hands() const {
    Outcome outcome;
    for (int round = 0; round < 20 && !outcome.done(); ++round) {
      if (outcome.client == Session::Progress::WouldBlock) {
        outcome.client = client->handshake(client_fd.get());
      }
      if (outcome.server == Session::Progress::WouldBlock) {
        outcome.server = server->handshake(server_fd.get());
      }
      if (outcome.server == Session::Progress::Failed &&
          outcome.client != Session::Progress::WouldBlock) {
        break;
      }
    }
    return outcome;
  }

  UniqueFd client_fd;
  UniqueFd server_fd;
  std::unique_ptr<Session> server;
  std::unique_ptr<Session> client;
};

// Sends what is there to send, and reads until nothing comes.
inline std::string read_all(Session& session, int fd) {
  std::string text;
  std::array<char, 32'768> buffer{};
  for (;;) {
    const Transfer got = session.receive(fd, buffer);
    if (got.status != Transfer::Status::Done) return text;
    text.append(buffer.data(), got.bytes);
    if (got.drained) return text;
  }
}

inline Transfer send_text(Session& session, int fd, std::string_view text) {
  const iovec piece{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  return session.send(fd, std::span(&piece, 1));
}

inline std::shared_ptr<const ServerContexts> must_load(const ContextOptions& options) {
  auto loaded = ServerContexts::load(options, kTestNow);
  for (const Finding& problem : loaded.problems) std::fprintf(stderr, "%s\n", problem.text.c_str());
  PEAR_ASSERT(loaded.contexts != nullptr, "the test's own files are right");
  return loaded.contexts;
}

inline std::unique_ptr<ClientContext> must_load(const ClientOptions& options) {
  auto loaded = ClientContext::load(options, kTestNow);
  for (const std::string& problem : loaded.problems) std::fprintf(stderr, "%s\n", problem.c_str());
  PEAR_ASSERT(loaded.context != nullptr, "the test's own files are right");
  return std::move(loaded.context);
}

}  // namespace pear::io::tls

// AdminServer: HTTP/1.1 on the admin listener: liveness, readiness, metrics, status and restarts.
//
// Limits:  kConnectionsMax connections (further ones are closed at once), a head of 8 KiB, a body
// of
//          4 KiB (read and ignored), 10 s for a request to come, 10 s without progress of a
//          response, 60 s between requests.
// Thread:  control thread.
// Memory:  16 KiB and the response for each connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/admin/admin_source.h"
#include "io/acceptor.h"
#include "io/reactor.h"
#include "io/unique_fd.h"

namespace pear::admin {

class AdminConnection;

class AdminServer final : private io::ConnectionSink {
 public:
  static constexpr std::size_t kConnectionsMax = 64;

  // `host`: of the listener's address in the settings. `reactor` and `source` must outlive the
  // server.
  AdminServer(io::Reactor& reactor, io::UniqueFd listener, std::string host, AdminSource& source);
  ~AdminServer() override;
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  AdminServer(AdminServer&&) = delete;
  AdminServer& operator=(AdminServer&&) = delete;

  // Errors: OsError.
  [[nodiscard]] Result<void> start() { return acceptor_.start(); }
  [[nodiscard]] Result<io::SocketAddress> address() const { return acceptor_.address(); }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  friend class AdminConnection;

  void on_connection(io::UniqueFd socket, const io::SocketAddress& peer) override;
  void on_accept_failure(int os_errno) override;
  // The connection is over; it is destroyed at the end of the turn.
  void bury(AdminConnection& connection);
  void clear_graves();

  io::Reactor& reactor_;
  std::string host_;
  AdminSource& source_;
  std::vector<std::unique_ptr<AdminConnection>> connections_;
  std::vector<std::unique_ptr<AdminConnection>> graves_;
  io::DeferredCall clear_graves_ = io::DeferredCall::calling<&AdminServer::clear_graves>(*this);
  io::Acceptor acceptor_;
};

}  // namespace pear::admin

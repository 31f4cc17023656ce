#include "control/admin/admin_server.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "control/admin/admin_connection.h"

namespace pear::admin {

AdminServer::AdminServer(io::Reactor& reactor, io::UniqueFd listener, std::string host,
                         AdminSource& source)
    : reactor_(reactor),
      host_(std::move(host)),
      source_(source),
      acceptor_(reactor, std::move(listener), *this) {}

AdminServer::~AdminServer() {
  clear_graves_.cancel();
}

void AdminServer::on_connection(io::UniqueFd socket, const io::SocketAddress& peer) {
  if (connections_.size() >= kConnectionsMax) return;  // Closed as it leaves.
  const Origin origin = peer.is_loopback() ? Origin::ThisMachine : Origin::Elsewhere;
  auto connection = std::make_unique<AdminConnection>(*this, std::move(socket), origin);
  if (connection->start()) connections_.push_back(std::move(connection));
}

// The acceptor tries again by itself.
void AdminServer::on_accept_failure(int) {}

void AdminServer::bury(AdminConnection& connection) {
  const auto found =
      std::ranges::find(connections_, &connection, &std::unique_ptr<AdminConnection>::get);
  PEAR_ASSERT(found != connections_.end(), "a connection is buried once");
  reactor_.remove(connection);
  connection.timeout_.cancel();
  graves_.push_back(std::move(*found));
  connections_.erase(found);
  reactor_.defer(clear_graves_);
}

void AdminServer::clear_graves() {
  graves_.clear();
}

}  // namespace pear::admin

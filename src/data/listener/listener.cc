#include "data/listener/listener.h"

#include <utility>

namespace pear::data::listener {

Listener::Listener(io::Reactor& reactor, protocol::Http1Connections& connections,
                   model::CoreCounters& counters, std::uint32_t connections_max)
    : reactor_(reactor),
      connections_(connections),
      counters_(counters),
      connections_max_(connections_max) {}

void Listener::add(io::UniqueFd socket) {
  acceptors_.push_back(std::make_unique<io::Acceptor>(reactor_, std::move(socket), *this));
}

Result<void> Listener::start() {
  if (started_ || finished_) return {};
  started_ = true;
  for (const auto& acceptor : acceptors_) PEAR_TRY(acceptor->start());
  return {};
}

void Listener::finish() {
  finished_ = true;
  for (const auto& acceptor : acceptors_) acceptor->finish();
}

void Listener::on_connection(io::UniqueFd socket, const io::SocketAddress& peer) {
  counters_.connections_accepted.add();
  connections_.add(std::move(socket), peer);
  if (connections_.open() < connections_max_ || paused_) return;
  paused_ = true;
  counters_.accept_paused.add();
  for (const auto& acceptor : acceptors_) acceptor->pause();
}

void Listener::on_accept_failure(int /*os_errno*/) {
  counters_.accept_paused.add();
}

void Listener::resume_if_room() {
  if (!paused_ || finished_ || connections_.open() >= connections_max_) return;
  paused_ = false;
  for (const auto& acceptor : acceptors_) acceptor->resume();
}

}  // namespace pear::data::listener

#include "data/listener/datagrams.h"

#include <utility>

#include "io/datagram_steering.h"

namespace pear::data::listener {

namespace {

// Calls of recvmmsg in one turn, for each socket.
constexpr int kReceivesOfTurn = 4;

}  // namespace

class Datagrams::Door final : public io::IoHandler {
 public:
  Door(Datagrams& owner, std::size_t index, io::UdpSocket socket)
      : owner_(owner), index_(index), udp_(std::move(socket), owner.parts_.counters) {}

  void on_io(io::IoEvents events) override {
    if (events.readable()) owner_.receive(*this);
  }

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] protocol::UdpDoor& udp() { return udp_; }

 private:
  Datagrams& owner_;
  std::size_t index_;
  protocol::UdpDoor udp_;
};

Datagrams::Datagrams(const Parts& parts) : parts_(parts) {}

Datagrams::~Datagrams() {
  for (const auto& door : doors_) parts_.reactor.remove(*door);
}

void Datagrams::add(io::UdpSocket socket) {
  if (buffers_ == nullptr) buffers_ = std::make_unique<io::DatagramBuffers>();
  doors_.push_back(std::make_unique<Door>(*this, doors_.size(), std::move(socket)));
}

Result<void> Datagrams::start() {
  if (std::exchange(started_, true)) return {};
  for (const auto& door : doors_) {
    PEAR_TRY(parts_.reactor.add(*door, door->udp().socket().fd(), io::IoEvents::read(),
                                io::Reactor::Trigger::Level));
  }
  return {};
}

void Datagrams::receive(Door& door) {
  for (int call = 0; call < kReceivesOfTurn; ++call) {
    const io::Received received = door.udp().socket().receive(
        *buffers_, [&](const io::Datagram& datagram) { take(door, datagram); });
    if (received.drained) return;
  }
}

void Datagrams::take(Door& door, const io::Datagram& datagram) {
  const auto cores = parts_.mesh == nullptr ? 1 : static_cast<unsigned>(parts_.mesh->cores());
  const auto owner = io::core_of_datagram(datagram.bytes, cores);
  if (!owner) {
    parts_.counters.quic_dropped.add();
    return;
  }
  const CoreId core{static_cast<std::uint16_t>(*owner)};
  if (core == parts_.core) return parts_.connections.receive(door.udp(), datagram);
  auto handed = std::make_unique<HandedDatagram>(
      HandedDatagram{.bytes = {datagram.bytes.begin(), datagram.bytes.end()},
                     .from = datagram.from,
                     .to = datagram.to,
                     .door = door.index()});
  parts_.counters.quic_handed_over.add();
  // A full ring drops it, as the kernel does with a full socket.
  if (!parts_.mesh->send(parts_.core, core, std::move(handed))) parts_.counters.quic_dropped.add();
}

bool Datagrams::receive_handed_over() {
  if (parts_.mesh == nullptr) return false;
  const auto drained =
      parts_.mesh->drain(parts_.core, [this](CoreId, std::unique_ptr<HandedDatagram>&& handed) {
        if (handed->door >= doors_.size()) return parts_.counters.quic_dropped.add();
        parts_.connections.receive(
            doors_[handed->door]->udp(),
            {.bytes = handed->bytes, .from = handed->from, .to = handed->to});
      });
  return drained.more;
}

}  // namespace pear::data::listener

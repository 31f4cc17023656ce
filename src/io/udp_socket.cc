#include "io/udp_socket.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <netinet/udp.h>

#include "base/assert.h"
#include "io/os_error.h"
#include "io/socket_option.h"

namespace pear::io {
namespace {

// Errors in a row that receiving passes over before the caller has its turn again.
constexpr int kErrorsPassedOver = 16;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

// What a kernel, a device or a route answers that does not cut trains. EINVAL has other meanings:
// whether it was this one shows when the datagrams go one by one.
bool may_refuse_trains(int error) {
  return error == EIO || error == EINVAL || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

void set_if_possible(int fd, int level, int name, int value) {
  static_cast<void>(set_option(fd, level, name, value));
}

SocketAddress address_of(const in_pktinfo& packet, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr = packet.ipi_addr;
  sockaddr_storage storage{};
  std::memcpy(&storage, &v4, sizeof(v4));
  return SocketAddress::from_system(storage);
}

SocketAddress address_of(const in6_pktinfo& packet, std::uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = packet.ipi6_addr;
  // Such an address means something on one link alone.
  if (IN6_IS_ADDR_LINKLOCAL(&packet.ipi6_addr)) v6.sin6_scope_id = packet.ipi6_ifindex;
  sockaddr_storage storage{};
  std::memcpy(&storage, &v6, sizeof(v6));
  return SocketAddress::from_system(storage);
}

template <typename Value>
Value content_of(const cmsghdr& control) {
  Value value{};
  std::memcpy(&value, CMSG_DATA(&control), sizeof(value));
  return value;
}

// The addresses of a train and what else the kernel is told about it.
class Envelope {
 public:
  Envelope(const SocketAddress& from, const SocketAddress& to) : to_(to) {
    if (from.family() == AF_INET) {
      in_pktinfo packet{};
      std::memcpy(&packet.ipi_spec_dst, from.ip().data() + 12, sizeof(packet.ipi_spec_dst));
      if (packet.ipi_spec_dst.s_addr != INADDR_ANY) append(IPPROTO_IP, IP_PKTINFO, packet);
    } else if (from.is_ipv6()) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, from.system(), sizeof(v6));
      const in6_pktinfo packet{.ipi6_addr = v6.sin6_addr, .ipi6_ifindex = v6.sin6_scope_id};
      if (!IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) append(IPPROTO_IPV6, IPV6_PKTINFO, packet);
    }
  }

  void cut_into(std::size_t segment) {
    append(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment));
  }

  // It and `piece` must outlive the header.
  [[nodiscard]] msghdr around(iovec& piece) {
    msghdr header{};
    // The kernel reads these; that they are not const is an accident of the structure.
    header.msg_name = const_cast<sockaddr*>(to_.system());
    header.msg_namelen = to_.system_size();
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control_bytes_ == 0 ? nullptr : control_.data();
    header.msg_controllen = control_bytes_;
    return header;
  }

 private:
  template <typename Value>
  void append(int level, int type, const Value& value) {
    constexpr std::size_t kBytes = sizeof(Value);
    PEAR_DCHECK(control_bytes_ + CMSG_SPACE(kBytes) <= control_.size(), "room for all");
    cmsghdr head{};
    head.cmsg_len = CMSG_LEN(kBytes);
    head.cmsg_level = level;
    head.cmsg_type = type;
    char* const place = control_.data() + control_bytes_;
    std::memcpy(place, &head, sizeof(head));
    std::memcpy(place + CMSG_LEN(0), &value, kBytes);
    control_bytes_ += CMSG_SPACE(kBytes);
  }

  const SocketAddress& to_;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) +
                                        CMSG_SPACE(sizeof(std::uint16_t))> control_{};
  std::size_t control_bytes_ = 0;
};

iovec piece_of(std::span<const std::uint8_t> bytes) {
  return {.iov_base = const_cast<std::uint8_t*>(bytes.data()), .iov_len = bytes.size()};
}

}  // namespace

Result<UniqueFd> open_udp_socket(const SocketAddress& address, const UdpOptions& options) {
  UniqueFd fd(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!fd.is_open()) return fail_os("socket() failed");
  // Not SO_REUSEADDR: with UDP it lets any program of the user that asks for it have the port too.
  if (options.shares_port) {
    PEAR_TRY(set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1));
  }
  if (address.is_ipv6()) {
    PEAR_TRY(set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1));
  }
  if (::bind(fd.get(), address.system(), address.system_size()) != 0) {
    return fail_os("bind() failed");
  }
  return fd;
}

Result<UniqueFd> adopt_udp_socket(UniqueFd inherited) {
  const int fd = inherited.get();
  const auto kind = option(fd, SOL_SOCKET, SO_TYPE);
  const auto protocol = option(fd, SOL_SOCKET, SO_PROTOCOL);
  const auto local = SocketAddress::of_socket(fd);
  if (!kind || *kind != SOCK_DGRAM || !protocol || *protocol != IPPROTO_UDP || !local ||
      local->port() == 0) {
    return fail(ErrorKind::InvalidInput, "not a UDP socket with a port");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail_os("fcntl() failed");
  }
  return inherited;
}

DatagramBuffers::DatagramBuffers()
    : memory_(std::make_unique_for_overwrite<std::uint8_t[]>(kMessages * kMessageBytes)) {
  for (std::size_t i = 0; i < kMessages; ++i) {
    Slot& slot = slots_[i];
    slot.piece = {.iov_base = memory_.get() + (i * kMessageBytes), .iov_len = kMessageBytes};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &slot.from;
    header.msg_iov = &slot.piece;
    header.msg_iovlen = 1;
    header.msg_control = slot.control.data();
  }
}

void DatagramBuffers::offer_all() {
  for (mmsghdr& header : headers_) {
    header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    header.msg_hdr.msg_controllen = kControlBytes;
  }
}

DatagramBuffers::Train DatagramBuffers::train(std::size_t index, const SocketAddress& local) {
  mmsghdr& message = headers_[index];
  msghdr& header = message.msg_hdr;
  Train train{.whole = {.bytes = {memory_.get() + (index * kMessageBytes), message.msg_len},
                        .from = SocketAddress::from_system(slots_[index].from),
                        .to = local},
              .segment = kMessageBytes,
              .complete = (header.msg_flags & MSG_TRUNC) == 0};
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
      train.whole.to = address_of(content_of<in_pktinfo>(*at), local.port());
    } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
      train.whole.to = address_of(content_of<in6_pktinfo>(*at), local.port());
    } else if (at->cmsg_level == SOL_UDP && at->cmsg_type == UDP_GRO) {
      const int segment = content_of<int>(*at);
      if (segment > 0) train.segment = static_cast<std::size_t>(segment);
    }
  }
  return train;
}

Result<UdpSocket> UdpSocket::adopt(UniqueFd inherited) {
  UniqueFd owned = PEAR_TRY(adopt_udp_socket(std::move(inherited)));
  const int fd = owned.get();
  const SocketAddress local = PEAR_TRY(SocketAddress::of_socket(fd));
  set_if_possible(fd, SOL_SOCKET, SO_RCVBUF, kKernelBufferBytes);
  set_if_possible(fd, SOL_SOCKET, SO_SNDBUF, kKernelBufferBytes);
  set_if_possible(fd, SOL_UDP, UDP_GRO, 1);
  if (local.is_ipv6()) {
    set_if_possible(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_if_possible(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    // Without it the sender itself cuts what the interface does not take.
    set_if_possible(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
  } else {
    set_if_possible(fd, IPPROTO_IP, IP_PKTINFO, 1);
    set_if_possible(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  }
  // A kernel that does not know the option would ignore it on a train, and send it in one piece.
  const bool cuts_trains = option(fd, SOL_UDP, UDP_SEGMENT).has_value();
  return UdpSocket(std::move(owned), local, cuts_trains);
}

UdpSocket::Batch UdpSocket::take(DatagramBuffers& buffers) const {
  buffers.offer_all();
  for (int i = 0; i < kErrorsPassedOver; ++i) {
    const int count = ::recvmmsg(fd_.get(), buffers.headers_.data(), DatagramBuffers::kMessages,
                                 MSG_DONTWAIT, nullptr);
    if (count >= 0) {
      const auto messages = static_cast<std::size_t>(count);
      // Fewer than there was room for: the socket is empty.
      return {.messages = messages, .drained = messages < DatagramBuffers::kMessages};
    }
    if (would_block(errno)) return {.messages = 0, .drained = true};
    PEAR_ASSERT(errno != EBADF && errno != ENOTSOCK && errno != EFAULT && errno != EINVAL,
                "the socket and the buffers are our own");
  }
  return {};
}

Sent UdpSocket::send(const Outgoing& train) {
  PEAR_ASSERT(train.segment > 0, "datagrams without a size");
  const std::size_t segments =
      std::clamp<std::size_t>(kTrainBytesMax / train.segment, 1, kSegmentsMax);
  Sent sent{.status = Sent::Status::Done};
  while (sent.bytes < train.bytes.size()) {
    Outgoing part = train;
    part.bytes = train.bytes.subspan(sent.bytes);
    part.bytes = part.bytes.first(std::min(part.bytes.size(), segments * train.segment));
    const Attempt attempt = send_part(part);
    sent.bytes += attempt.bytes;
    if (attempt.os_errno == 0) continue;
    sent.status = would_block(attempt.os_errno) ? Sent::Status::WouldBlock : Sent::Status::Failed;
    sent.os_errno = sent.status == Sent::Status::Failed ? attempt.os_errno : 0;
    return sent;
  }
  return sent;
}

UdpSocket::Attempt UdpSocket::send_part(const Outgoing& part) {
  const bool is_train = part.bytes.size() > part.segment;
  if (is_train && !cuts_trains_) return send_each(part);
  const Attempt attempt = send_at_once(part);
  if (!is_train || !may_refuse_trains(attempt.os_errno)) return attempt;
  const Attempt again = send_each(part);
  // They go alone and not together: that will not change.
  if (again.bytes > 0) cuts_trains_ = false;
  return again;
}

// A datagram, or a train that the kernel cuts: it takes all of it, or nothing.
UdpSocket::Attempt UdpSocket::send_at_once(const Outgoing& part) const {
  Envelope envelope(part.from, part.to);
  if (part.bytes.size() > part.segment) envelope.cut_into(part.segment);
  iovec piece = piece_of(part.bytes);
  const msghdr header = envelope.around(piece);
  ssize_t count = 0;
  do {
    count = ::sendmsg(fd_.get(), &header, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return {.os_errno = errno};
  return {.bytes = part.bytes.size()};
}

// At most kSegmentsMax datagrams. What comes after one that failed is not tried.
UdpSocket::Attempt UdpSocket::send_each(const Outgoing& part) const {
  Envelope envelope(part.from, part.to);
  std::array<iovec, kSegmentsMax> pieces{};
  std::array<mmsghdr, kSegmentsMax> headers{};
  unsigned datagrams = 0;
  for (auto rest = part.bytes; !rest.empty(); ++datagrams) {
    const auto bytes = rest.first(std::min(part.segment, rest.size()));
    rest = rest.subspan(bytes.size());
    pieces[datagrams] = piece_of(bytes);
    headers[datagrams].msg_hdr = envelope.around(pieces[datagrams]);
  }
  int count = 0;
  do {
    count = ::sendmmsg(fd_.get(), headers.data(), datagrams, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return {.os_errno = errno};
  return {.bytes = std::min(static_cast<std::size_t>(count) * part.segment, part.bytes.size())};
}

}  // namespace pear::io

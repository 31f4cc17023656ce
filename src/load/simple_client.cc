#include "load/simple_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <poll.h>

#include <fmt/format.h>

#include "http/http1/body_reader.h"
#include "http/http1/response_parser.h"
#include "io/os_error.h"
#include "io/socket.h"

namespace pear::load {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr http::HeadLimits kHeadLimits{.header_max = 1024 * 1024, .fields_max = 1000};
constexpr http1::ChunkLimits kBodyLimits{.body_max = SimpleClient::kAnswerBytesMax,
                                         .extension_max = 64 * 1024,
                                         .trailer_max = 64 * 1024,
                                         .fields_max = 1000};

std::vector<std::pair<std::string, std::string>> copy_of(std::span<const http::Field> fields) {
  std::vector<std::pair<std::string, std::string>> copy;
  copy.reserve(fields.size());
  for (const http::Field& field : fields) {
    copy.emplace_back(std::string(field.name), std::string(field.value));
  }
  return copy;
}

}  // namespace

std::string_view SimpleAnswer::header(std::string_view lower_name) const {
  const auto found =
      std::ranges::find(headers, lower_name, [](const auto& header) { return header.first; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Result<SimpleClient> SimpleClient::connect(std::uint16_t port, milliseconds timeout) {
  const io::SocketAddress address = PEAR_TRY(io::SocketAddress::parse("127.0.0.1", port));
  return connect(address, timeout);
}

Result<SimpleClient> SimpleClient::connect(const io::SocketAddress& address, milliseconds timeout) {
  if (!address.is_loopback()) {
    return pear::fail(ErrorKind::InvalidInput, "this client is for the loopback interface only");
  }
  SimpleClient client(PEAR_TRY(io::start_connect(address)), timeout);
  PEAR_TRY(client.wait_until(Readiness::ToWrite));
  PEAR_TRY(io::finish_connect(client.fd()));
  return client;
}

Result<SimpleAnswer> SimpleClient::get(std::uint16_t port, std::string_view path,
                                       milliseconds timeout) {
  SimpleClient client = PEAR_TRY(connect(port, timeout));
  PEAR_TRY(client.send(fmt::format(
      "GET {} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n\r\n", path, port)));
  return client.read_answer();
}

Result<void> SimpleClient::wait_until(Readiness readiness) const {
  const short wanted = readiness == Readiness::ToRead ? POLLIN : POLLOUT;
  pollfd waiting{.fd = fd_.get(), .events = wanted, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, static_cast<int>(timeout_.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return io::fail_os("poll() failed");
  if (ready == 0) return pear::fail(ErrorKind::TimedOut, "the peer did nothing for too long");
  return {};
}

Result<void> SimpleClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const io::Transfer sent = io::send(fd_.get(), std::span<const char>(bytes));
    switch (sent.status) {
      case io::Transfer::Status::Done:
        bytes.remove_prefix(sent.bytes);
        break;
      case io::Transfer::Status::WouldBlock:
        PEAR_TRY(wait_until(Readiness::ToWrite));
        break;
      case io::Transfer::Status::Ended:
        return pear::fail(ErrorKind::PeerClosed, "the peer closed the connection");
      case io::Transfer::Status::Failed:
        return io::fail_os("send() failed", sent.os_errno);
    }
  }
  return {};
}

void SimpleClient::finish_sending() {
  io::shut_down_writing(fd_.get());
}

Result<std::string> SimpleClient::read_some() {
  if (!received_.empty()) return std::exchange(received_, {});
  std::string bytes(kReadBytes, '\0');
  while (true) {
    const io::Transfer got = io::receive(fd_.get(), bytes);
    switch (got.status) {
      case io::Transfer::Status::Done:
        bytes.resize(got.bytes);
        return bytes;
      case io::Transfer::Status::WouldBlock:
        PEAR_TRY(wait_until(Readiness::ToRead));
        break;
      case io::Transfer::Status::Ended:
        return std::string();
      case io::Transfer::Status::Failed:
        return io::fail_os("recv() failed", got.os_errno);
    }
  }
}

Result<std::string> SimpleClient::read_to_end() {
  std::string all;
  while (true) {
    auto piece = read_some();
    if (!piece) {
      if (piece.error().os_errno == ECONNRESET) return all;
      return std::unexpected(piece.error());
    }
    if (piece->empty()) return all;
    all += *piece;
    if (all.size() > kAnswerBytesMax) {
      return pear::fail(ErrorKind::LimitExceeded, "the peer sends more than this client holds");
    }
  }
}

bool SimpleClient::is_closed_by_peer() {
  const auto piece = read_some();
  if (piece) return piece->empty();
  return piece.error().kind == ErrorKind::OsError;
}

void SimpleClient::reset() {
  io::reset_on_close(fd_.get());
  fd_.reset();
}

Result<SimpleAnswer> SimpleClient::read_answer(http::Method method) {
  std::vector<http::Field> storage(kHeadLimits.fields_max);
  http1::ResponseParser parser(kHeadLimits);
  parser.reset(method);
  std::string bytes = std::exchange(received_, {});
  const auto read_more = [&]() -> Result<void> {
    const std::string more = PEAR_TRY(read_some());
    if (more.empty()) return pear::fail(ErrorKind::PeerClosed, "the answer was cut");
    bytes += more;
    return {};
  };

  while (true) {
    const http1::Progress progress = parser.parse(bytes, storage);
    if (progress == http1::Progress::Refused) {
      return pear::fail(ErrorKind::InvalidInput, "the head of the answer is no HTTP/1.1");
    }
    if (progress == http1::Progress::NeedMore) {
      PEAR_TRY(read_more());
      continue;
    }
    if (parser.head().status >= 200 || parser.head().status == 101) break;
    bytes.erase(0, parser.consumed());
    parser.reset(method);
  }
  const http1::ReceivedHead& head = parser.head();
  SimpleAnswer answer{.status = head.status,
                      .headers = copy_of(head.fields),
                      .body = {},
                      .trailers = {},
                      .keep_alive = head.keep_alive};
  http1::BodyReader body(head.framing, head.content_length, kBodyLimits);
  bytes.erase(0, parser.consumed());

  while (true) {
    const auto event = body.read(bytes, storage);
    switch (event) {
      case http1::BodyReader::Event::Data:
        answer.body += body.data();
        bytes.erase(0, body.consumed());
        break;
      case http1::BodyReader::Event::NeedMore: {
        bytes.erase(0, body.consumed());
        const auto more = read_more();
        if (more) break;
        if (more.error().kind == ErrorKind::PeerClosed && body.ended_by_close()) return answer;
        return std::unexpected(more.error());
      }
      case http1::BodyReader::Event::Done:
        answer.trailers = copy_of(body.trailers());
        bytes.erase(0, body.consumed());
        received_ = std::move(bytes);
        return answer;
      case http1::BodyReader::Event::Refused:
        return pear::fail(ErrorKind::InvalidInput, "the body of the answer is no HTTP/1.1");
    }
  }
}

}  // namespace pear::load

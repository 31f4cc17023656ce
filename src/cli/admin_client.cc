#include "cli/admin_client.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
#include "cli/terminal.h"
#include "http/method.h"
#include "io/socket_address.h"
#include "load/simple_client.h"

namespace pear::cli {

namespace {

std::unexpected<std::string> refused(const Error& error, std::string_view address) {
  if (error.os_errno == ECONNREFUSED) {
    return std::unexpected(fmt::format(
        "nothing answers on {}: is pear running? --admin names another address", address));
  }
  if (error.kind == ErrorKind::TimedOut) {
    return std::unexpected(fmt::format("{} took the connection, but gave no answer", address));
  }
  if (error.os_errno != 0) {
    return std::unexpected(
        fmt::format("cannot ask {}: {}", address, ::strerrordesc_np(error.os_errno)));
  }
  return std::unexpected(
      fmt::format("{} is no admin listener of pear: {}", address, error.detail.view()));
}

}  // namespace

std::string problem_of_admin_address(std::string_view address) {
  const auto parsed = io::SocketAddress::parse_with_port(address);
  if (parsed && parsed->is_loopback()) return {};
  return fmt::format("\"{}\" is not an address and port of this machine, such as {}",
                     printable(address), kAdminAddress);
}

Told<AdminAnswer> ask_admin(std::string_view address, const AdminRequest& request) {
  const auto target = io::SocketAddress::parse_with_port(address);
  PEAR_ASSERT(target && target->is_loopback(), "the option's check let it pass");
  auto client = load::SimpleClient::connect(*target);
  if (!client) return refused(client.error(), address);
  // The field tells the listener that no web page sent this (control/admin/request_guard.h).
  const auto sent = client->send(
      fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\npear-admin: 1\r\nconnection: close\r\n"
                  "content-length: 0\r\n\r\n",
                  request.method, request.path, target->to_string()));
  if (!sent) return refused(sent.error(), address);
  auto answer = client->read_answer();
  if (!answer) return refused(answer.error(), address);
  return AdminAnswer{.status = answer->status, .body = std::move(answer->body)};
}

}  // namespace pear::cli

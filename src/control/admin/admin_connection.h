// AdminConnection: one client of the admin listener: requests in, one after the other, answers out.
//
// Source:  RFC 9112, section 9 (persistence).
// Thread:  control thread.
// Memory:  kInputMax bytes, and the answer that is being sent.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "control/admin/admin_server.h"
#include "control/admin/request_guard.h"
#include "control/admin/resources.h"
#include "http/field.h"
#include "http/http1/body_reader.h"
#include "http/http1/request_parser.h"
#include "http/http1/serialiser.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"
#include "io/unique_fd.h"

namespace pear::admin {

class AdminConnection final : public io::IoHandler {
 public:
  static constexpr std::size_t kHeadMax = 8UL * 1024;
  static constexpr std::size_t kBodyMax = 4UL * 1024;
  static constexpr std::size_t kInputMax = kHeadMax + kBodyMax + 4UL * 1024;
  static constexpr std::size_t kFieldsMax = 50;
  static constexpr std::chrono::seconds kRequestTimeout{10};
  static constexpr std::chrono::seconds kWriteTimeout{10};
  static constexpr std::chrono::seconds kIdleTimeout{60};

  // `server` outlives the connection.
  AdminConnection(AdminServer& server, io::UniqueFd socket, Origin origin);
  ~AdminConnection() override;
  AdminConnection(const AdminConnection&) = delete;
  AdminConnection& operator=(const AdminConnection&) = delete;
  AdminConnection(AdminConnection&&) = delete;
  AdminConnection& operator=(AdminConnection&&) = delete;

  // Errors: OsError.
  [[nodiscard]] Result<void> start();

 private:
  friend class AdminServer;

  enum class Step : std::uint8_t {
    Again,  // Something was done: look again.
    Wait,   // For the socket.
    Over,
  };

  void on_io(io::IoEvents events) override;
  void on_timeout(MonotonicTime now);
  [[nodiscard]] Step step();
  [[nodiscard]] Step write_out();
  [[nodiscard]] Step read_in();
  [[nodiscard]] Step parse_head();
  [[nodiscard]] Step read_body();
  void answer_request();
  void send(const Answer& answer, const http::RequestHead& head);
  void refuse_and_close(const http::Refusal& refusal);
  void arm(std::chrono::seconds timeout);

  AdminServer& server_;
  io::UniqueFd socket_;
  Origin origin_;
  io::Timer timeout_ = io::Timer::calling<&AdminConnection::on_timeout>(*this);

  std::array<char, kInputMax> input_{};
  std::size_t input_bytes_ = 0;
  std::array<http::Field, kFieldsMax> fields_;
  std::array<http::Field, 1> trailers_;
  http1::RequestParser parser_;
  std::optional<http1::BodyReader> body_;  // While the body of a request comes in.
  std::size_t body_at_ = 0;                // Its next byte in input_.

  std::string output_;
  std::size_t output_sent_ = 0;
  bool closing_ = false;  // After output_.
};

}  // namespace pear::admin

// Http1Client: HTTP/1.1 as a client, one request at a time, over the codecs of http/http1.
//
// Source: RFC 9112.
// Thread: core-local.
// Memory: about 4 KiB, most of it the places of an answer's fields. The start of an answer that
//         came in several reads is kept until the rest is there, at most kHeldMax.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "http/field.h"
#include "http/http1/body_reader.h"
#include "http/http1/response_parser.h"
#include "load/client_protocol.h"

namespace pear::load {

class Http1Client final : public ClientProtocol {
 public:
  // Bytes of an answer that could not be used yet: a head, or trailers.
  static constexpr std::size_t kHeldMax = std::size_t{1} << 20U;

  // `owner` outlives it.
  explicit Http1Client(http::RequestOwner& owner);

  [[nodiscard]] std::uint32_t requests_max() const override { return keep_alive_ ? 1 : 0; }
  [[nodiscard]] bool request(http::RequestTag tag, const PreparedRequest& request) override;
  [[nodiscard]] bool cancel(http::RequestTag /*tag*/) override { return false; }
  [[nodiscard]] Received receive(std::span<char> input) override;
  void receive_end() override;
  [[nodiscard]] std::string_view output() override { return unsent_; }
  void drop(std::size_t bytes) override { unsent_.remove_prefix(bytes); }

 private:
  // An answer before any request, or bytes after the last one, are a broken server's.
  enum class State : std::uint8_t { Idle, Head, Body };
  // What reading on came to: `rest` is not used yet.
  enum class Step : std::uint8_t { NeedsMore, Done, Broken };

  static constexpr std::size_t kFieldsMax = 100;

  [[nodiscard]] Received receive_all(std::span<char> input);
  [[nodiscard]] Step read_head(std::span<char>& rest);
  [[nodiscard]] Step read_body(std::span<char>& rest);
  void finish();

  http::RequestOwner& owner_;
  State state_ = State::Idle;
  http::RequestTag tag_ = 0;
  http::Method method_ = http::Method::Get;
  std::uint16_t status_ = 0;
  bool keep_alive_ = true;
  std::string_view unsent_;  // Of the request.
  std::string held_;         // Of the answer.
  http1::ResponseParser parser_;
  std::optional<http1::BodyReader> body_;
  std::array<http::Field, kFieldsMax> fields_;
};

}  // namespace pear::load

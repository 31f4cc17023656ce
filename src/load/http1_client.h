// Http1Client: HTTP/1.1 as a client, one request at a time, over the codecs of http/http1.
//
// Source: RFC 9112.
// Thread: core-local.
// Memory: about 4 KiB, most of it the places of an answer's fields; no allocation after it is made.
#pragma once

#include <array>
#include <optional>

#include "http/field.h"
#include "http/http1/body_reader.h"
#include "http/http1/response_parser.h"
#include "load/client_protocol.h"

namespace pear::load {

class Http1Client final : public ClientProtocol {
 public:
  Http1Client();

  [[nodiscard]] std::uint32_t streams_max() const override { return 1; }
  [[nodiscard]] std::string_view start(const PreparedRequest& request) override;
  [[nodiscard]] AnswerEvent receive(std::span<char> input) override;
  [[nodiscard]] AnswerEvent receive_end() override;

 private:
  // An answer before any request, or bytes after the last one, are a broken server's.
  enum class State : std::uint8_t { Idle, Head, Body };

  static constexpr std::size_t kFieldsMax = 100;

  AnswerEvent receive_head(std::span<char> input);
  AnswerEvent receive_body(std::span<char> input);
  AnswerEvent finish(std::size_t consumed);

  State state_ = State::Idle;
  http::Method method_ = http::Method::Get;
  std::uint16_t status_ = 0;
  bool keep_alive_ = false;
  http1::ResponseParser parser_;
  std::optional<http1::BodyReader> body_;
  std::array<http::Field, kFieldsMax> fields_;
};

}  // namespace pear::load

// Response: what a client is answered, at once (text, html, json, bytes) or piece by piece
// (stream).
//
// A response sent at once has its Content-Length and costs eight host calls, the fewest that
// wasi:http allows. If the handler returns without sending, the status is sent without a body.
//
// Thread: a guest has one. Memory: names and values of headers are copied; a body is not, and need
// only live until the call returns.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "pear/abi.h"
#include "pear/log.h"
#include "pear/output.h"
#include "pear/text.h"

namespace pear {

// Names and values that the host turns into a `fields`.
class FieldList {
 public:
  void append(std::string_view name, std::string_view value) {
    if (count_ == room_) {
      const std::size_t room = room_ == 0 ? 8 : room_ * 2;
      auto* old = reinterpret_cast<std::byte*>(fields_);
      fields_ = reinterpret_cast<abi::Field*>(abi::arena.grow(
          old, room_ * sizeof(abi::Field), alignof(abi::Field), room * sizeof(abi::Field)));
      room_ = room;
    }
    fields_[count_++] = {.name = kept(name), .value = kept(value)};
  }
  [[nodiscard]] bool has(std::string_view name) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (equal_ignoring_case(fields_[i].name.view(), name)) return true;
    }
    return false;
  }
  void remove(std::string_view name) {
    std::size_t kept_count = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (!equal_ignoring_case(fields_[i].name.view(), name)) fields_[kept_count++] = fields_[i];
    }
    count_ = kept_count;
  }
  void clear() { count_ = 0; }
  [[nodiscard]] std::size_t size() const { return count_; }

  // False: the host refuses a name or a value.
  [[nodiscard]] bool make(abi::Handle& out) const {
    abi::HandleResult result;
    abi::pear_fields_from_list(fields_, static_cast<std::uint32_t>(count_), &result);
    if (result.failed == 0) out = result.handle;
    return result.failed == 0;
  }

 private:
  static abi::List kept(std::string_view text) {
    const std::string_view copy = abi::arena.copy(text);
    return {.data = copy.data(), .size = static_cast<std::uint32_t>(copy.size())};
  }

  abi::Field* fields_ = nullptr;
  std::size_t count_ = 0;
  std::size_t room_ = 0;
};

// The body of a response, piece by piece. The end of its life finishes the body.
class BodyWriter {
 public:
  // Waits while the client is slow. False: the client has gone away, and more writing is pointless.
  // Small pieces are gathered until 4 KiB are there, or flush() is called.
  bool write(std::string_view bytes) { return out_.write(bytes); }
  // Sends what has been written so far on its way.
  bool flush() { return out_.flush(); }
  // For after the body. Copied.
  void trailer(std::string_view name, std::string_view value) { trailers_.append(name, value); }

  // Ends the body. False: it did not go out as a whole.
  bool finish() {
    if (!open_) return false;
    const bool written = out_.send_gathered();
    open_ = false;
    out_.close();
    abi::Handle trailers = 0;
    const bool with_trailers = trailers_.size() > 0 && trailers_.make(trailers);
    abi::FinishResult result;
    abi::pear_outgoing_body_finish(body_, with_trailers ? 1 : 0, trailers, &result);
    return written && result.failed == 0 && with_trailers == (trailers_.size() > 0);
  }
  // Breaks the body off: the client sees that it is not whole.
  void abort() {
    if (!open_) return;
    open_ = false;
    out_.close();
    abi::pear_outgoing_body_drop(body_);
  }

  BodyWriter(const BodyWriter&) = delete;
  BodyWriter& operator=(const BodyWriter&) = delete;
  BodyWriter(BodyWriter&& other) noexcept
      : body_(other.body_), out_(other.out_), trailers_(other.trailers_), open_(other.open_) {
    other.open_ = false;
  }
  BodyWriter& operator=(BodyWriter&&) = delete;
  ~BodyWriter() { finish(); }

 private:
  friend class Response;
  BodyWriter(abi::Handle body, abi::Handle stream) : body_(body), out_(stream) {}
  BodyWriter() : body_(0), out_(0), open_(false) {}

  abi::Handle body_;
  Output out_;
  FieldList trailers_;
  bool open_ = true;
};

class Response {
 public:
  explicit Response(abi::Handle outparam) : outparam_(outparam) {}
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;
  ~Response() {
    if (!sent_) send({}, {});
  }

  // ---- Head ----------------------------------------------------------------------------------

  // 200 to 599; 200 where it is not set.
  Response& status(std::uint16_t code) {
    status_ = code;
    return *this;
  }
  // One more header of that name.
  Response& add_header(std::string_view name, std::string_view value) {
    fields_.append(name, value);
    return *this;
  }
  // The one header of that name.
  Response& header(std::string_view name, std::string_view value) {
    fields_.remove(name);
    return add_header(name, value);
  }
  // `attributes` as in "Path=/; Max-Age=3600". The default is a session cookie that scripts cannot
  // read and other sites do not send.
  Response& cookie(std::string_view name, std::string_view value,
                   std::string_view attributes = "Path=/; HttpOnly; SameSite=Lax") {
    std::string text(name);
    text.append("=").append(value).append("; ").append(attributes);
    return add_header("set-cookie", text);
  }

  // ---- At once -------------------------------------------------------------------------------

  // Each sends the response; what is sent after that is ignored. `Content-Type` is as named unless
  // a header says otherwise. False: the host refused it, or the client has gone away.
  bool text(std::string_view body) { return send("text/plain; charset=utf-8", body); }
  bool html(std::string_view body) { return send("text/html; charset=utf-8", body); }
  bool json(std::string_view body) { return send("application/json", body); }
  bool bytes(std::string_view content_type, std::string_view body) {
    return send(content_type, body);
  }
  bool redirect(std::string_view location, std::uint16_t code = 303) {
    return status(code).header("location", location).send({}, {});
  }
  // A short plain text for people.
  bool error(std::uint16_t code, std::string_view message) { return status(code).text(message); }

  // ---- Piece by piece ------------------------------------------------------------------------

  // Sends the head. The writer of a response that was sent before, or that the host refused, writes
  // nothing.
  [[nodiscard]] BodyWriter stream(std::string_view content_type) {
    abi::Handle body = 0;
    if (!start(content_type, body)) return {};
    abi::HandleResult stream;
    abi::pear_outgoing_body_write(body, &stream);
    if (stream.failed != 0) __builtin_trap();  // The first call cannot fail.
    return {body, stream.handle};
  }

  [[nodiscard]] bool sent() const { return sent_; }

 private:
  // Whether a response of this status may have a body. RFC 9110 section 6.4.1.
  [[nodiscard]] bool may_have_body() const {
    return status_ >= 200 && status_ != 204 && status_ != 304;
  }

  bool send(std::string_view content_type, std::string_view bytes) {
    if (sent_) return false;
    if (!may_have_body() || status_ == 205) bytes = {};
    if (may_have_body()) {
      char digits[12];
      const auto end = std::to_chars(digits, digits + sizeof digits, bytes.size()).ptr;
      header("content-length", {digits, static_cast<std::size_t>(end - digits)});
    }
    abi::Handle body = 0;
    if (!start(may_have_body() ? content_type : std::string_view(), body)) return false;
    bool whole = true;
    if (!bytes.empty()) {
      abi::HandleResult stream;
      abi::pear_outgoing_body_write(body, &stream);
      if (stream.failed != 0) __builtin_trap();  // The first call cannot fail.
      Output out(stream.handle);
      whole = out.write_through(bytes);
      out.close();
    }
    return finish(body) && whole;
  }

  [[nodiscard]] static bool finish(abi::Handle body) {
    abi::FinishResult result;
    abi::pear_outgoing_body_finish(body, 0, 0, &result);
    return result.failed == 0;
  }

  // Hands the head to the host.
  bool start(std::string_view content_type, abi::Handle& body) {
    if (sent_) return false;
    sent_ = true;
    if (!content_type.empty() && !fields_.has("content-type")) {
      fields_.append("content-type", content_type);
    }
    abi::Handle fields = 0;
    const bool status_valid = status_ >= 200 && status_ <= 599;
    const bool accepted = status_valid && fields_.make(fields);
    if (!accepted) {
      log(Level::Error, status_valid ? "a header of the response is not valid: 500 is answered"
                                     : "the status of the response is not valid: 500 is answered");
      fields = abi::pear_fields_new();
      status_ = 500;
    }
    const abi::Handle response = abi::pear_response_new(fields);
    if (status_ != 200 && abi::pear_response_set_status(response, status_) != 0) __builtin_trap();
    abi::HandleResult result;
    abi::pear_response_body(response, &result);
    if (result.failed != 0) __builtin_trap();  // The first call cannot fail.
    abi::pear_outparam_set(outparam_, 0, response, 0, 0, 0, 0, 0, 0);
    body = result.handle;
    if (!accepted) static_cast<void>(finish(body));
    return accepted;
  }

  abi::Handle outparam_;
  std::uint16_t status_ = 200;
  bool sent_ = false;
  FieldList fields_;
};

}  // namespace pear

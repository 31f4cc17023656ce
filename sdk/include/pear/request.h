// Request: what a client asks. Everything is fetched from the host when it is first wanted.
//
// Thread: a guest has one. Memory: views live until the handler returns; copy what must live
// longer.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pear/abi.h"
#include "pear/parameters.h"
#include "pear/path_pattern.h"

namespace pear {

// In the order of wasi:http/types.method.
enum class Method : std::uint8_t {
  Get,
  Head,
  Post,
  Put,
  Delete,
  Connect,
  Options,
  Trace,
  Patch,
  Other
};

enum class BodyError : std::uint8_t {
  TooLarge,  // More than the limit that was given. Answer 413.
  Broken,    // The client went away or broke the framing. What is answered may reach nobody.
  Taken,     // The body has been taken before.
};

[[nodiscard]] constexpr std::uint16_t status_of(BodyError error) {
  return error == BodyError::TooLarge ? 413 : error == BodyError::Broken ? 400 : 500;
}

struct Header {
  std::string_view name;  // Lower case.
  std::string_view value;
};

// The body of a request, piece by piece.
class BodyReader {
 public:
  // Waits for the next piece and puts it at the start of `buffer`. 0: the body has ended.
  [[nodiscard]] std::expected<std::size_t, BodyError> read(std::span<char> buffer) {
    if (ended_ || buffer.empty()) return 0;
    abi::ListStreamResult result;
    {
      const abi::Landing landing(buffer.data(), buffer.size());
      abi::pear_stream_blocking_read(stream_, buffer.size(), &result);
    }
    if (result.failed == 0) {
      if (result.list.data != buffer.data() && result.list.size > 0) __builtin_trap();
      return result.list.size;
    }
    ended_ = true;
    if (result.error.which == abi::kClosed) return 0;
    abi::drop_error(result.error);
    return std::unexpected(BodyError::Broken);
  }

  // The next piece, at most 16 KiB, valid until the next call. Empty: the body has ended.
  [[nodiscard]] std::expected<std::string_view, BodyError> read() {
    constexpr std::size_t piece = std::size_t{16} * 1024;
    if (buffer_ == nullptr) buffer_ = reinterpret_cast<char*>(abi::arena.allocate(piece, 16));
    while (true) {
      const auto size = read(std::span(buffer_, piece));
      if (!size) return std::unexpected(size.error());
      if (*size > 0 || ended_) return std::string_view(buffer_, *size);
    }
  }

  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;
  BodyReader(BodyReader&& other) noexcept
      : body_(other.body_), stream_(other.stream_), buffer_(other.buffer_), ended_(other.ended_) {
    other.open_ = false;
  }
  BodyReader& operator=(BodyReader&&) = delete;
  ~BodyReader() {
    if (!open_) return;
    abi::pear_input_stream_drop(stream_);
    abi::pear_incoming_body_drop(body_);
  }

 private:
  friend class Request;
  BodyReader(abi::Handle body, abi::Handle stream) : body_(body), stream_(stream) {}

  abi::Handle body_;
  abi::Handle stream_;
  char* buffer_ = nullptr;
  bool ended_ = false;
  bool open_ = true;
};

class Request {
 public:
  explicit Request(abi::Handle handle) : handle_(handle) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() {
    if (fields_open_) abi::pear_fields_drop(fields_);
    abi::pear_request_drop(handle_);
  }

  // ---- Head ----------------------------------------------------------------------------------

  [[nodiscard]] Method method() {
    fetch_method();
    return method_;
  }
  // As on the wire: "GET".
  [[nodiscard]] std::string_view method_name() {
    fetch_method();
    constexpr std::string_view names[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                          "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    return method_ == Method::Other ? method_other_ : names[static_cast<std::size_t>(method_)];
  }

  // Path and query as they came: "/a%20b?c=d".
  [[nodiscard]] std::string_view target() {
    if (!target_) {
      abi::OptionList result;
      abi::pear_request_target(handle_, &result);
      target_ = result.some != 0 ? result.value.view() : std::string_view("/");
    }
    return *target_;
  }
  // Before the question mark, still percent-encoded.
  [[nodiscard]] std::string_view path() { return target().substr(0, target().find('?')); }
  // After the question mark, as it came.
  [[nodiscard]] std::string_view query_text() {
    std::string_view text = target();
    static_cast<void>(take_until(text, '?'));
    return text;
  }
  // The query, decoded.
  [[nodiscard]] const Parameters& query() {
    if (!query_) query_ = Parameters::from_form(query_text());
    return *query_;
  }
  // What the route's pattern captured, decoded: parameter("id") for "/users/:id", parameter("...")
  // for the rest. Empty when there is no such capture.
  [[nodiscard]] std::string parameter(std::string_view name) const {
    return percent_decoded(match_.get(name), Plus::IsItself);
  }

  // "example.com:8080".
  [[nodiscard]] std::string_view authority() {
    abi::OptionList result;
    abi::pear_request_authority(handle_, &result);
    return result.some != 0 ? result.value.view() : std::string_view();
  }
  // "http" or "https".
  [[nodiscard]] std::string_view scheme() {
    abi::OptionScheme result;
    abi::pear_request_scheme(handle_, &result);
    if (result.some == 0 || result.scheme == 0) return "http";
    return result.scheme == 1 ? std::string_view("https") : result.other.view();
  }

  // The first header of that name, whatever its case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) {
    abi::ListOf values;
    abi::pear_fields_get(fields(), name.data(), static_cast<std::uint32_t>(name.size()), &values);
    if (values.size == 0) return std::nullopt;
    return static_cast<const abi::List*>(values.data)->view();
  }
  // Calls `visit(Header)` for each header, in their order.
  template <typename Visitor>
  void for_each_header(Visitor&& visit) {
    if (!entries_) {
      entries_.emplace();
      abi::pear_fields_entries(fields(), &*entries_);
    }
    const auto* field = static_cast<const abi::Field*>(entries_->data);
    for (std::uint32_t i = 0; i < entries_->size; ++i) {
      visit(Header{.name = field[i].name.view(), .value = field[i].value.view()});
    }
  }
  [[nodiscard]] const Parameters& cookies() {
    if (!cookies_) {
      cookies_.emplace();
      for_each_header([&](const Header& header) {
        if (!equal_ignoring_case(header.name, "cookie")) return;
        const Parameters more = Parameters::from_cookies(header.value);
        for (std::size_t i = 0; i < more.size(); ++i) {
          cookies_->append(more.at(i).name, more.at(i).value);
        }
      });
    }
    return *cookies_;
  }

  // ---- Body ----------------------------------------------------------------------------------

  // Content-Length, where the client said it.
  [[nodiscard]] std::optional<std::uint64_t> content_length() {
    const auto text = header("content-length");
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return value;
  }

  // The body as a stream. Once, and instead of body() and form().
  // Errors: Taken.
  [[nodiscard]] std::expected<BodyReader, BodyError> body_reader() {
    abi::HandleResult body;
    abi::pear_request_consume(handle_, &body);
    if (body.failed != 0) return std::unexpected(BodyError::Taken);
    abi::HandleResult stream;
    abi::pear_incoming_body_stream(body.handle, &stream);
    if (stream.failed != 0) {
      abi::pear_incoming_body_drop(body.handle);
      return std::unexpected(BodyError::Taken);
    }
    return BodyReader(body.handle, stream.handle);
  }

  // The whole body. Once.
  // Errors: TooLarge when there are more than `bytes_max`, Broken, Taken.
  [[nodiscard]] std::expected<std::string, BodyError> body(std::size_t bytes_max) {
    constexpr std::size_t ceiling = std::size_t{1} << 30U;
    if (bytes_max > ceiling) bytes_max = ceiling;
    const auto said = content_length();
    if (said && *said > bytes_max) return std::unexpected(BodyError::TooLarge);
    auto reader = body_reader();
    if (!reader) return std::unexpected(reader.error());
    std::string whole;
    std::size_t have = 0;
    while (true) {
      // Memory grows with what came, not with what was said. One byte more than may come shows that
      // more has come.
      const std::size_t room = have < 4096 ? 4096 : have;
      const std::size_t left = bytes_max - have + 1;
      whole.resize(have + (room < left ? room : left));
      while (have < whole.size()) {
        const auto size = reader->read(std::span(whole.data() + have, whole.size() - have));
        if (!size) return std::unexpected(size.error());
        have += *size;
        if (have > bytes_max) return std::unexpected(BodyError::TooLarge);
        if (reader->ended_) {
          whole.resize(have);
          return whole;
        }
      }
    }
  }

  // The fields of a form that was sent as application/x-www-form-urlencoded.
  // Errors: as body().
  [[nodiscard]] std::expected<Parameters, BodyError> form(std::size_t bytes_max) {
    const auto text = body(bytes_max);
    if (!text) return std::unexpected(text.error());
    return Parameters::from_form(*text);
  }

  // The router tells what the pattern captured; views into the target and the pattern.
  void set_match(const PathMatch& match) { match_ = match; }

 private:
  void fetch_method() {
    if (method_fetched_) return;
    abi::Method result;
    abi::pear_request_method(handle_, &result);
    constexpr auto other = static_cast<std::uint8_t>(Method::Other);
    method_ = static_cast<Method>(result.which < other ? result.which : other);
    if (method_ == Method::Other) method_other_ = result.other.view();
    method_fetched_ = true;
  }

  abi::Handle fields() {
    if (!fields_open_) fields_ = abi::pear_request_headers(handle_);
    fields_open_ = true;
    return fields_;
  }

  abi::Handle handle_;
  abi::Handle fields_ = 0;
  bool fields_open_ = false;
  bool method_fetched_ = false;
  Method method_ = Method::Get;
  std::string_view method_other_;
  std::optional<std::string_view> target_;
  std::optional<abi::ListOf> entries_;
  std::optional<Parameters> query_;
  std::optional<Parameters> cookies_;
  PathMatch match_;
};

}  // namespace pear

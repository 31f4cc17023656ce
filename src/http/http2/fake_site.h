// FakeSite: an owner of sessions for tests and fuzzers. It writes down what it is told, and answers
// as it is told to.
//
// Thread: any one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "http/http2/server_session.h"
#include "http/http2/session_memory.h"

namespace pear::http2 {

class FakeSite final : public SessionOwner {
 public:
  struct Answer {
    std::uint16_t status = 200;
    std::string body;
    std::vector<http::Field> fields;
    std::vector<http::Field> trailers;
    std::optional<std::uint64_t> content_length = {};
    bool at_once = false;        // From within on_request().
    std::size_t body_steps = 0;  // Not 0: so many bytes at a time, then resume() is needed.
  };
  struct Exchange final : StreamOwner {
    Exchange(FakeSite& at, std::int32_t stream) : site(at), id(stream) {}

    void on_body(std::string_view bytes) override {
      body += bytes;
      if (site.consumes) site.session->consume(id, bytes.size());
    }
    void on_request_end(std::span<const http::Field> trailers_got) override {
      ended = true;
      site.events.push_back(fmt::format("{} end {} bytes", id, body.size()));
      for (const auto& field : trailers_got) {
        site.events.push_back(fmt::format("{} trailer {}: {}", id, field.name, field.value));
      }
      if (!responded) respond();
    }
    bool on_wrong_length() override { return site.ignores_length; }
    std::optional<http::InterimHead> next_interim() override {
      if (interims.empty()) return std::nullopt;
      const http::InterimHead first = interims.front();
      interims.erase(interims.begin());
      return first;
    }
    void on_head_progress() override { ++site.head_pieces; }
    void on_malformed(const http::Refusal& refusal) override {
      site.events.push_back(fmt::format("{} malformed {}", id, refusal.reason.view()));
    }
    void on_closed(ErrorCode error) override {
      site.events.push_back(fmt::format("{} closed {}", id, to_text(error)));
      closed = true;
      ++site.closed;
    }
    Ready body_ready(std::size_t max) override {
      const std::size_t step = site.answer.body_steps;
      std::size_t bytes = std::min(max, site.answer.body.size() - sent);
      if (step > 0) bytes = std::min(bytes, allowed - sent);
      return {.bytes = bytes, .last = sent + bytes == site.answer.body.size()};
    }
    std::string_view body_front() override {
      return std::string_view(site.answer.body).substr(sent);
    }
    void drop_body(std::size_t bytes) override {
      sent += bytes;
      site.order.push_back(id);
    }
    std::span<const http::Field> trailers() override { return site.answer.trailers; }

    void respond() {
      responded = true;
      site.session->respond(id, {.status = status,
                                 .fields = site.answer.fields,
                                 .content_length = site.answer.content_length,
                                 .date = "Mon, 01 Jan 2024 00:00:00 GMT",
                                 .has_body = !site.answer.body.empty() && method != "HEAD"});
    }

    void inform(std::uint16_t interim_status, std::span<const http::Field> fields) {
      interims.push_back({.status = interim_status, .fields = fields});
      site.session->inform(id);
    }

    FakeSite& site;
    std::int32_t id;
    std::vector<http::InterimHead> interims;
    std::uint16_t status = site.answer.status;
    std::string method;
    std::string body;
    std::size_t sent = 0;
    std::size_t allowed = site.answer.body_steps;
    bool responded = false;
    bool ended = false;
    bool closed = false;
  };

  StreamOwner* on_request(std::int32_t stream, const http::RequestHead& head, Body body) override {
    std::string event = fmt::format("{} {} {} {}{}", stream, head.method_text, head.authority,
                                    head.path_with_query, body == Body::None ? "" : " +body");
    for (const auto& field : head.fields) event += fmt::format(" {}={}", field.name, field.value);
    events.push_back(event);
    if (full) return nullptr;
    Exchange& exchange = add(stream);
    exchange.method = head.method_text;
    exchange.ended = body == Body::None;
    if (answers && (body == Body::None || answer.at_once)) exchange.respond();
    exchange.responded |= !answers;
    return &exchange;
  }
  StreamOwner* on_refused(std::int32_t stream, const http::Refusal& refusal) override {
    events.push_back(fmt::format("{} refused {}", stream, refusal.status));
    Exchange& exchange = add(stream);
    exchange.status = refusal.status;
    exchange.responded = true;
    session->respond(stream, {.status = refusal.status});
    return &exchange;
  }
  void on_offence(Offence offence) override {
    events.push_back(fmt::format("offence {}", to_text(offence)));
    offences.push_back(offence);
  }

  Exchange& add(std::int32_t stream) {
    auto& slot = exchanges[stream];
    slot = std::make_unique<Exchange>(*this, stream);
    return *slot;
  }

  ServerSession* session = nullptr;  // Borrowed.
  Answer answer;
  bool answers = true;
  bool consumes = true;
  bool ignores_length = false;
  std::size_t head_pieces = 0;
  bool full = false;
  std::vector<std::string> events;
  std::vector<Offence> offences;
  std::vector<std::int32_t> order;  // Whose body was sent, frame by frame.
  std::size_t closed = 0;
  std::map<std::int32_t, std::unique_ptr<Exchange>> exchanges;
};

// A session with its site: bytes in, bytes out.
class Harness {
 public:
  explicit Harness(const SessionOptions& options = {})
      : session(ServerSession::make(options, site, memory)) {
    site.session = session.get();
  }

  // Gives `bytes` and writes all that is due, as a connection does.
  bool send(std::string_view bytes) {
    const bool goes_on = session->receive(bytes, now);
    flush();
    return goes_on;
  }
  // Without writing, as when the client does not read.
  [[nodiscard]] bool send_only(std::string_view bytes) const {
    return session->receive(bytes, now);
  }
  void flush(std::size_t out_bytes = 64UL * 1024) {
    std::string out(out_bytes, '\0');
    for (;;) {
      const std::size_t bytes = session->write(out);
      output.append(out, 0, bytes);
      if (bytes == 0) break;
    }
  }

  MonotonicTime now{std::chrono::hours(1)};
  SessionMemory memory;
  FakeSite site;
  std::unique_ptr<ServerSession> session;
  std::string output;
};

}  // namespace pear::http2

// What the tests' servers of HTTP/2 and HTTP/3 do with requests: a decision for each, and the
// owner of a session that carries them out.
//
// Thread: that of the server.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/stream_owner.h"

namespace pear::load {

struct FakeDecision {
  enum class Kind : std::uint8_t {
    Answer,
    SayNothing,
    Reset,   // This request alone.
    Refuse,  // This request alone: it was not processed.
    Leave,   // Answered, and the connection takes no more (GOAWAY).
    Abort,   // The connection ends with an error.
  };
  Kind kind = Kind::Answer;
  std::uint16_t status = 200;
  std::string body = "hello";
};
// Of a request: its place in the order in which all came, from 0.
using FakeDecide = std::function<FakeDecision(std::uint64_t number)>;

// What the sessions of a server count together.
struct FakeCounts {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> body_bytes{0};  // Of requests.
};

// Of one session. `Session` is http2::ServerSession or http3::ServerSession.
template <typename Session, typename SessionOwner, typename ErrorCode, typename StreamId>
class FakeStreams : public SessionOwner {
 public:
  using StreamOwner = http::StreamOwner<ErrorCode>;

  FakeStreams(const FakeDecide& decide, FakeCounts& counts) : decide_(decide), counts_(counts) {
    counts_.connections.fetch_add(1);
  }

  StreamOwner* on_request(StreamId id, const http::RequestHead& /*head*/,
                          typename SessionOwner::Body body) override {
    FakeDecision decision = decide_(counts_.requests.fetch_add(1));
    if (decision.kind == FakeDecision::Kind::Refuse) return nullptr;
    Stream& stream = *streams_.try_emplace(id, std::make_unique<Stream>(*this, id)).first->second;
    stream.decision = std::move(decision);
    if (body == SessionOwner::Body::None) due_.push_back(id);
    return &stream;
  }
  StreamOwner* on_refused(StreamId /*stream*/, const http::Refusal& /*refusal*/) override {
    return nullptr;
  }

  // Carries out what was decided since the last call.
  void act(Session& session) {
    session_ = &session;
    for (const StreamId id : std::exchange(due_, {})) {
      Stream& stream = *streams_.at(id);
      switch (stream.decision.kind) {
        case FakeDecision::Kind::SayNothing:
        case FakeDecision::Kind::Refuse:
          break;
        case FakeDecision::Kind::Reset:
          session.reset(id, ErrorCode::InternalError);
          break;
        case FakeDecision::Kind::Abort:
          aborts = true;
          break;
        case FakeDecision::Kind::Leave:
          leaves = true;
          [[fallthrough]];
        case FakeDecision::Kind::Answer:
          session.respond(id, {.status = stream.decision.status,
                               .date = "Mon, 01 Jan 2024 00:00:00 GMT",
                               .has_body = !stream.decision.body.empty()});
          break;
      }
    }
  }

  bool leaves = false;
  bool aborts = false;

 protected:
  ~FakeStreams() = default;

 private:
  struct Stream final : StreamOwner {
    Stream(FakeStreams& owner, StreamId of_stream) : streams(owner), id(of_stream) {}
    void on_body(std::string_view bytes) override {
      streams.counts_.body_bytes.fetch_add(bytes.size());
      if (streams.session_ != nullptr) streams.session_->consume(id, bytes.size());
    }
    void on_request_end(std::span<const http::Field> /*trailers*/) override {
      streams.due_.push_back(id);
    }
    bool on_wrong_length() override { return false; }
    std::optional<http::InterimHead> next_interim() override { return std::nullopt; }
    void on_head_progress() override {}
    void on_malformed(const http::Refusal& /*refusal*/) override {}
    void on_closed(ErrorCode /*error*/) override {}
    typename StreamOwner::Ready body_ready(std::size_t max) override {
      const std::size_t bytes = std::min(max, decision.body.size() - sent);
      return {.bytes = bytes, .last = sent + bytes == decision.body.size()};
    }
    std::string_view body_front() override { return std::string_view(decision.body).substr(sent); }
    void drop_body(std::size_t bytes) override { sent += bytes; }
    std::span<const http::Field> trailers() override { return {}; }

    FakeStreams& streams;
    const StreamId id;
    FakeDecision decision;
    std::size_t sent = 0;
  };

  const FakeDecide& decide_;
  FakeCounts& counts_;
  Session* session_ = nullptr;  // Borrowed.
  std::map<StreamId, std::unique_ptr<Stream>> streams_;
  std::vector<StreamId> due_;
};

}  // namespace pear::load

// What a client sends, on its way to nghttp2: counted, and checked for what nghttp2 lets pass.
#include <utility>

#include "http/http2/callbacks.h"
#include "http/http2/server_session.h"

namespace pear::http2 {

namespace {

constexpr std::uint32_t kWindowMax = 0x7fff'ffff;

}  // namespace

bool ServerSession::receive(std::span<const char> input, MonotonicTime now) {
  now_ = now;
  while (!ended_) {
    const FrameReader::Piece piece = reader_.next(&input);
    if (piece.bytes.empty()) break;
    if (piece.head != nullptr) {
      const Verdict verdict = judge(*piece.head);
      if (verdict == Verdict::Ended) break;
      if (verdict == Verdict::Drop) {
        reader_.drop_payload();
        continue;
      }
    }
    if (piece.origin == FrameReader::Origin::Kept) {
      give_run();
      give(piece.bytes);
      continue;
    }
    // nghttp2 is asked as seldom as possible: what lies together goes there together.
    if (run_.data() + run_.size() != piece.bytes.data()) give_run();
    run_ = run_.empty() ? piece.bytes : std::span(run_.data(), run_.size() + piece.bytes.size());
  }
  give_run();
  if (nghttp2_session_get_outbound_queue_size(session_) >
      options_.floods.control_queue_max + 2UL * options_.streams_max) {
    cut(Offence::ControlQueue);
  }
  return !ended_ && nghttp2_session_want_read(session_) != 0;
}

void ServerSession::give_run() {
  const auto run = std::exchange(run_, {});
  if (!run.empty()) give(run);
}

void ServerSession::give(std::span<const char> bytes) {
  if (ended_) return;
  const nghttp2_ssize taken = nghttp2_session_mem_recv2(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  switch (taken) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return fail_connection(ErrorCode::ProtocolError);
    case NGHTTP2_ERR_FLOODED:
      return cut(Offence::ControlQueue);
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      return cut(Offence::Continuations);
    default:  // A number of a library: no memory, or a failed callback.
      return terminate(ErrorCode::InternalError);
  }
}

// What came before the frame that is one too many has been given to nghttp2, so that the GOAWAY
// names the right stream.
ServerSession::Verdict ServerSession::count(Offence offence) {
  if (guard_.count(offence, now_)) return Verdict::Pass;
  give_run();
  cut(offence);
  return Verdict::Ended;
}

ServerSession::Verdict ServerSession::judge(const FrameHead& head) {
  if (!settings_seen_) {
    // nghttp2 sees to it that it is SETTINGS.
    settings_seen_ = true;
    return Verdict::Pass;
  }
  if (goaway_seen_) {
    // A client that says goodbye and has no stream open: whatever follows is not read.
    give_run();
    if (nghttp2_session_want_read(session_) == 0) return Verdict::Ended;
  }
  if (block_stream_ != 0) return judge_block(head);
  switch (static_cast<FrameType>(head.type)) {
    case FrameType::Data:
      if (head.length == 0 && !head.has(FrameHead::kEndStream)) {
        if (count(Offence::EmptyData) == Verdict::Ended) return Verdict::Ended;
      }
      return judge_stream(head);
    case FrameType::Headers:
      block_bytes_ = 0;
      continuations_ = 0;
      if (judge_stream(head) == Verdict::Ended) return Verdict::Ended;
      return judge_block(head);
    case FrameType::Priority:
      return judge_priority(head);
    case FrameType::PriorityUpdate:
      return count(Offence::Priorities);
    case FrameType::RstStream:
      return count(Offence::Resets);
    case FrameType::Settings:
      return head.has(FrameHead::kAck) ? Verdict::Pass : count(Offence::Settings);
    case FrameType::Ping:
      return count(Offence::Pings);
    case FrameType::WindowUpdate:
      return judge_window(head);
    case FrameType::PushPromise:
    case FrameType::Continuation:
      return Verdict::Pass;  // Errors, as nghttp2 says.
    case FrameType::Goaway:
      goaway_seen_ = true;
      break;
  }
  return count(Offence::UnknownFrames);
}

// One frame of a header block: HEADERS, or what must be a CONTINUATION of it.
ServerSession::Verdict ServerSession::judge_block(const FrameHead& head) {
  if (block_stream_ != 0) {
    if (!head.is(FrameType::Continuation) || head.stream != block_stream_) return Verdict::Pass;
    if (++continuations_ > options_.floods.continuations_max) {
      give_run();
      cut(Offence::Continuations);
      return Verdict::Ended;
    }
  }
  block_stream_ = head.has(FrameHead::kEndHeaders) ? 0 : head.stream;
  block_bytes_ += head.length;
  if (block_bytes_ > options_.head.header_max + options_.floods.header_block_slack) {
    give_run();
    cut(Offence::HeaderBlock);
    return Verdict::Ended;
  }
  return Verdict::Pass;
}

// DATA or HEADERS: is there such a stream? RFC 9113, section 5.1.
ServerSession::Verdict ServerSession::judge_stream(const FrameHead& head) {
  const bool of_client = head.stream % 2 == 1;
  if (!of_client) return Verdict::Pass;  // An error, as nghttp2 says.
  if (head.stream > newest_stream_) {
    if (head.is(FrameType::Headers)) newest_stream_ = head.stream;
    return Verdict::Pass;
  }
  give_run();
  if (ended_) return Verdict::Ended;
  const auto stream = static_cast<std::int32_t>(head.stream);
  if (nghttp2_session_find_stream(session_, stream) != nullptr) return Verdict::Pass;
  return judge_late(head);
}

ServerSession::Verdict ServerSession::judge_late(const FrameHead& head) {
  // After a GOAWAY, streams that are not served may be among these.
  if (shutting_down_) return count(Offence::LateFrames);
  switch (closed_streams_.end_of(head.stream)) {
    case ClosedStreams::End::Forgotten:
    case ClosedStreams::End::ResetHere:
      return count(Offence::LateFrames);
    case ClosedStreams::End::NeverOpened:
      fail_connection(head.is(FrameType::Headers) ? ErrorCode::ProtocolError
                                                  : ErrorCode::StreamClosed);
      return Verdict::Ended;
    case ClosedStreams::End::Finished:
    case ClosedStreams::End::ResetByPeer:  // An error of the stream would do; only bugs come here.
      fail_connection(ErrorCode::StreamClosed);
      return Verdict::Ended;
  }
  std::unreachable();
}

// RFC 9113, sections 5.3.1 and 6.3. nghttp2 does not look at them, and none reaches it.
ServerSession::Verdict ServerSession::judge_priority(const FrameHead& head) {
  if (count(Offence::Priorities) == Verdict::Ended) return Verdict::Ended;
  give_run();
  if (head.stream == 0) {
    fail_connection(ErrorCode::ProtocolError);
  } else if (head.length != 5) {
    fail_stream(head.stream, ErrorCode::FrameSizeError);
  } else if (head.operand == head.stream) {
    fail_stream(head.stream, ErrorCode::ProtocolError);
  }
  return ended_ ? Verdict::Ended : Verdict::Drop;
}

// RFC 9113, sections 6.9 and 6.9.1: an increment of 0 and a window beyond 2^31-1 are errors of
// their stream; nghttp2 would end the connection.
ServerSession::Verdict ServerSession::judge_window(const FrameHead& head) {
  if (head.operand < kTinyIncrement && count(Offence::WindowUpdates) == Verdict::Ended) {
    return Verdict::Ended;
  }
  if (head.stream == 0 || head.length != 4) return Verdict::Pass;
  give_run();
  if (ended_) return Verdict::Ended;
  const std::int32_t window = nghttp2_session_get_stream_remote_window_size(
      session_, static_cast<std::int32_t>(head.stream));
  if (window < 0) return Verdict::Pass;  // There is no such stream.
  const bool fits = head.operand <= kWindowMax - static_cast<std::uint32_t>(window);
  if (fits && head.operand != 0) return Verdict::Pass;
  fail_stream(head.stream, fits ? ErrorCode::ProtocolError : ErrorCode::FlowControlError);
  return ended_ ? Verdict::Ended : Verdict::Drop;
}

void ServerSession::fail_stream(std::uint32_t stream, ErrorCode error) {
  // A stream that is idle or over cannot be reset: the error is the connection's (RFC 9113, section
  // 5.4, lets it be).
  const auto id = static_cast<std::int32_t>(stream);
  if (nghttp2_session_find_stream(session_, id) == nullptr) return fail_connection(error);
  reset(id, error);
  static_cast<void>(count(Offence::Resets));
}

}  // namespace pear::http2

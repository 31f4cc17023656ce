#include "http/http3/client_session.h"

#include <algorithm>
#include <utility>

namespace pear::http3 {

void ClientSession::advance(std::span<std::uint8_t> room) {
  if (!open_) {
    const Transport::State state = transport_->state();
    if (!state.established && !state.early) return;
    open_ = transport_->open_http3();
    if (!open_) {
      failed_ = true;
      return;
    }
  }
  while (!failed_) {
    const Transport::Event event = transport_->next_event();
    if (event.kind == Transport::EventKind::Nothing) break;
    take(event, room);
  }
  while (const auto writable = transport_->next_writable()) {
    const auto stream = streams_.find(*writable);
    if (stream != streams_.end()) send_body(stream->first, stream->second);
  }
}

void ClientSession::take(const Transport::Event& event, std::span<std::uint8_t> room) {
  using Kind = Transport::EventKind;
  if (event.kind == Kind::Failed) {
    failed_ = true;
    return;
  }
  if (event.kind == Kind::GoAway) return go_away(event.stream);
  const auto found = streams_.find(event.stream);
  if (found == streams_.end()) return;
  switch (event.kind) {
    case Kind::Head:
      take_head(found->second);
      break;
    case Kind::Body: {
      const http::RequestTag tag = found->second.tag;
      while (const std::size_t bytes = transport_->read_body(event.stream, room)) {
        owner_.on_body(tag, {reinterpret_cast<const char*>(room.data()), bytes});
      }
      break;
    }
    case Kind::End:
      end(event.stream, http::RequestEnd::Answered);
      break;
    case Kind::Reset:
      end(event.stream, static_cast<ErrorCode>(event.code) == ErrorCode::RequestRejected
                            ? http::RequestEnd::NotProcessed
                            : http::RequestEnd::Reset);
      break;
    case Kind::Nothing:
    case Kind::Priority:
    case Kind::GoAway:
    case Kind::Failed:
      break;
  }
}

// The final answer's comes last; trailers have no status.
void ClientSession::take_head(Stream& stream) {
  transport_->for_each_field([&](std::string_view name, std::string_view value) {
    if (name != ":status" || value.size() != 3) return;
    std::uint16_t status = 0;
    for (const char digit : value) status = static_cast<std::uint16_t>(status * 10 + digit - '0');
    stream.status = status;
  });
}

ClientSession::Begun ClientSession::request(http::RequestTag tag,
                                            std::span<const http::Field> fields,
                                            std::string_view body) {
  if (going_away_ || failed_) return Begun::Never;
  if (!open_) return Begun::Later;
  const auto end = body.empty() ? Transport::End::Here : Transport::End::Follows;
  const auto id = transport_->request(fields, end);
  if (!id) return Begun::Later;
  Stream& stream = streams_[*id];
  stream = {.tag = tag, .body = body};
  if (!body.empty()) send_body(*id, stream);
  return Begun::Yes;
}

void ClientSession::send_body(StreamId id, Stream& stream) {
  if (stream.body.empty()) return;
  const Transport::SentBody sent = transport_->send_body(id, stream.body, Transport::End::Here);
  if (sent.outcome == Sent::Failed) {
    stream.body = {};  // The server wants no more of it; its answer may come yet.
    return;
  }
  stream.body.remove_prefix(sent.bytes);
}

void ClientSession::cancel(http::RequestTag tag) {
  const auto found = std::ranges::find_if(
      streams_, [tag](const auto& stream) { return stream.second.tag == tag; });
  if (found == streams_.end()) return;
  const auto code = std::to_underlying(ErrorCode::RequestCancelled);
  transport_->reset_stream(found->first, code);
  transport_->stop_sending(found->first, code);
  streams_.erase(found);
}

void ClientSession::end(StreamId id, http::RequestEnd how) {
  const auto found = streams_.find(id);
  const Stream stream = found->second;
  streams_.erase(found);
  // An answer that came before all of the request was sent, which nobody needs any more.
  if (!stream.body.empty()) {
    transport_->reset_stream(id, std::to_underlying(ErrorCode::RequestCancelled));
  }
  // An answer without a final head is none.
  if (how == http::RequestEnd::Answered && stream.status < 200) how = http::RequestEnd::Broken;
  owner_.on_end(stream.tag, how, stream.status);
}

void ClientSession::go_away(StreamId first_not_served) {
  going_away_ = true;
  std::vector<StreamId> refused;
  for (const auto& [id, stream] : streams_) {
    if (id >= first_not_served) refused.push_back(id);
  }
  for (const StreamId id : refused) end(id, http::RequestEnd::NotProcessed);
}

bool ClientSession::over() const {
  const Transport::State state = transport_->state();
  return failed_ || state.draining || state.closed;
}

}  // namespace pear::http3

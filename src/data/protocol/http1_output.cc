// The writing half of Http1Connection: responses to bytes.
//
// All that a response has is given to the kernel in one call: the head and chunk headers from one
// buffer of the core, the body straight from the guest's chunks. What the kernel does not take of
// the former is copied to unsent_; the latter stays where it is. So do the fields of a head or of
// trailers that the buffer does not hold: of these one buffer after another is written, as the
// client takes them.
#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "data/protocol/http1_connection.h"
#include "data/protocol/http1_connections.h"
#include "data/protocol/response_content.h"
#include "http/http1/serialiser.h"
#include "io/socket.h"

namespace pear::data::protocol {

using http::Framing;
using io::Transfer;

// What one system call writes, in order.
class Http1Connection::Batch {
 public:
  enum class Kind : std::uint8_t {
    Head,   // Also the start of one that goes out in pieces, and of such trailers.
    Lines,  // A piece of either.
    ChunkHeader,
    Data,
    ChunkEnd,
    Last,
  };
  struct Piece {
    Kind kind = Kind::Data;
    std::string_view bytes;
  };
  static constexpr std::size_t kPiecesMax = 24;
  static constexpr std::size_t kPiecesOfChunk = 3;

  explicit Batch(std::span<char> text) : text_(text) {}  // NOLINT(*-member-init): pieces are added.

  [[nodiscard]] bool has_room() const {
    return count_ + kPiecesOfChunk + 1 < kPiecesMax && text_.size() >= http1::kChunkHeaderBytesMax;
  }
  [[nodiscard]] std::span<char> text() const { return text_; }
  // As many lines as there is room for. `at` moves on with them, and back by rewind_lines().
  void add_lines(http1::Lines which, std::span<const http::Field> fields, http::FieldCursor& at) {
    lines_ = {.which = which, .fields = fields, .before = at, .room = text_};
    add_text(Kind::Lines, http1::write_lines(which, fields, at, text_));
  }
  struct Lines {
    http1::Lines which{};
    std::span<const http::Field> fields;
    http::FieldCursor before;
    std::span<char> room;  // Where they were written.
  };
  [[nodiscard]] bool has_lines() const { return !lines_.room.empty(); }
  [[nodiscard]] const Lines& lines() const { return lines_; }
  // `size` bytes of text() were filled.
  void add_text(Kind kind, std::size_t size) {
    add(kind, {text_.data(), size});
    text_ = text_.subspan(size);
  }
  void add(Kind kind, std::string_view bytes) {
    pieces_[count_] = {.kind = kind, .bytes = bytes};
    views_[count_] = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    ++count_;
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::span<const Piece> pieces() const { return {pieces_.data(), count_}; }
  [[nodiscard]] std::span<const iovec> views() const { return {views_.data(), count_}; }

  bool more = false;      // There is something left for another batch.
  bool whole = false;     // With it the response is over,
  bool last = false;      // and the connection too, as it was told.
  bool is_short = false;  // The body ends before its length.

 private:
  std::span<char> text_;
  std::array<Piece, kPiecesMax> pieces_;
  std::array<iovec, kPiecesMax> views_;
  std::size_t count_ = 0;
  Lines lines_;
};

void Http1Connection::queue_text(std::string_view text) {
  unsent_.append(text);
}

bool Http1Connection::flush_unsent() {
  while (!all_sent()) {
    std::array<iovec, 8> views{};
    const Transfer wrote =
        stream_.has_unsent() ? stream_.flush() : stream_.send(unsent_.views(views));
    switch (wrote.status) {
      case Transfer::Status::Done:
        unsent_.consume(wrote.bytes);
        break;
      case Transfer::Status::WouldBlock:
        wait_for(Waiting::Write);
        return false;
      case Transfer::Status::Ended:
      case Transfer::Status::Failed:
        close();
        return false;
    }
  }
  return true;
}

void Http1Connection::write() {
  if (closed_ || !flush_unsent()) return;
  if (lingering_) return read_past();
  if (request_ == nullptr || request_->exchange == nullptr) {
    if (peer_ended_ && kept_.empty()) return leave();
    if (waiting_ == Waiting::Write) wait_for(Waiting::Idle);
    return;
  }
  const Response& response = request_->exchange->response;
  if (!response.head_ready) return;
  const std::uint64_t turn_ends = request_->bytes_out + io::TurnBudget::kWriteBytes;
  while (write_batch()) {
    if (request_->bytes_out < turn_ends) continue;
    wait_for(Waiting::Write);  // In the next turn: others first.
    return owner_.shared_.reactor.run_again(*this, io::IoEvents::write());
  }
  if (closed_ || request_ == nullptr) return;  // The response is over.
  if (stream_.has_unsent()) wait_for(Waiting::Write);
  if (response.cut && response.body.empty()) return close();
  const bool nothing_left = response.body.empty() && all_sent() && !is_mid_section();
  if (waiting_ == Waiting::Write && nothing_left) {
    wait_for(request_->body_read ? Waiting::Nothing : Waiting::Body);
  }
}

bool Http1Connection::is_mid_section() const {
  const Http1Request& request = *request_;
  return (request.head_begun && !request.head_written) ||
         (request.trailers_begun && !request.lines.done);
}

void Http1Connection::choose_framing() {
  Http1Request& request = *request_;
  const Response& response = request.exchange->response;
  const http::ResponseContent content = content_of(*request.exchange);
  request.has_body = content.follows;
  request.response_framing = http1::response_framing(content, request.version);
  request.response_left = content.length.value_or(0);
  const bool last = requests_ >= owner_.shared_.settings.http.requests_per_connection_max;
  // Where the answer comes before the request is complete, its rest is not worth waiting for.
  if (last || draining_ || request.response_framing == Framing::UntilClose ||
      (response.ended && !request.body_read)) {
    request.keep_alive = false;
  }
}

bool Http1Connection::compose_head(Batch& batch) {
  Http1Request& request = *request_;
  const Response& response = request.exchange->response;
  if (!request.head_begun) {
    choose_framing();
    const http1::ResponseHead head{.status = response.status,
                                   .fields = response.fields,
                                   .edge_fields = response.edge_fields(),
                                   .framing = request.response_framing,
                                   .content_length = request.response_left,
                                   .client = request.version,
                                   .persistence = request.keep_alive ? http1::Persistence::KeepAlive
                                                                     : http1::Persistence::Close,
                                   .date = owner_.shared_.date()};
    const auto size = http1::write_response_head(head, batch.text());
    PEAR_ASSERT(size.has_value(),
                "the bridge has checked a guest's fields, and the edge knows its own");
    if (*size <= batch.text().size()) {
      batch.add_text(Batch::Kind::Head, *size);
      request.head_written = true;
      return true;
    }
    batch.add_text(Batch::Kind::Head, http1::write_head_start(head, batch.text()));
    request.head_begun = true;
  }
  batch.add_lines(http1::Lines::OfHead, response.fields, request.lines);
  request.head_written = request.lines.done;
  return request.head_written;
}

bool Http1Connection::compose_body(Batch& batch) {
  const Http1Request& request = *request_;
  Response& response = request.exchange->response;
  if (!request.has_body) {
    while (!response.body.empty()) {
      owner_.shared_.path.sent(*request.exchange, response.body.pop());
    }
  }
  const bool chunked = request.response_framing == Framing::Chunked;
  bool header_is_out = request.chunk_open;
  std::uint64_t left = request.response_left;
  const BodyChunk* chunk = response.body.front();
  for (; chunk != nullptr && batch.has_room(); chunk = chunk->next) {
    std::string_view data = chunk->view();
    if (request.response_framing == Framing::Length) data = data.substr(0, left);
    left -= std::min<std::uint64_t>(left, data.size());
    if (chunked && !std::exchange(header_is_out, false)) {
      const auto room = batch.text().first<http1::kChunkHeaderBytesMax>();
      batch.add_text(Batch::Kind::ChunkHeader, http1::write_chunk_header(data.size(), room));
    }
    batch.add(Batch::Kind::Data, data);
    if (chunked) batch.add(Batch::Kind::ChunkEnd, http1::kChunkEnd);
  }
  batch.is_short = request.response_framing == Framing::Length && request.has_body && left != 0;
  return chunk == nullptr;
}

bool Http1Connection::compose_trailers(Batch& batch) {
  Http1Request& request = *request_;
  const std::span<const http::Field> trailers = request.exchange->response.trailers;
  if (!request.trailers_begun) {
    const auto size = http1::write_last_chunk(trailers, batch.text());
    PEAR_ASSERT(size.has_value(),
                "the bridge has checked a guest's fields, and the edge knows its own");
    if (*size <= batch.text().size()) {
      batch.add_text(Batch::Kind::Last, *size);
      return true;
    }
    if (!batch.empty()) return false;  // Alone they may fit.
    batch.add(Batch::Kind::Head, http1::kLastChunkStart);
    request.trailers_begun = true;
    request.lines = {};
  }
  batch.add_lines(http1::Lines::OfTrailers, trailers, request.lines);
  return request.lines.done;
}

void Http1Connection::compose(Batch& batch) {
  const Http1Request& request = *request_;
  const Response& response = request.exchange->response;
  batch.more = (!request.head_written && !compose_head(batch)) || !compose_body(batch);
  if (batch.more || !response.ended) return;
  const bool has_end = request.response_framing == Framing::Chunked && request.has_body;
  batch.more = has_end && !compose_trailers(batch);
  batch.whole = !batch.more;
  batch.last = batch.whole && !request.keep_alive && !batch.is_short;
}

// The kernel took the first `taken` bytes. What of them must follow whatever happens is queued.
// False when it did not take all of the body.
bool Http1Connection::settle(const Batch& batch, std::size_t taken) {
  Http1Request& request = *request_;
  Exchange& exchange = *request.exchange;
  Response& response = exchange.response;
  request.bytes_out += taken;
  bool lines_follow = batch.has_lines();
  for (const Batch::Piece& piece : batch.pieces()) {
    const std::size_t of_piece = std::min(taken, piece.bytes.size());
    taken -= of_piece;
    const bool all = of_piece == piece.bytes.size();
    switch (piece.kind) {
      case Batch::Kind::Data:
        response.body.read(of_piece);
        if (request.response_framing == Framing::Length) request.response_left -= of_piece;
        if (all) owner_.shared_.path.sent(exchange, response.body.pop());
        break;
      case Batch::Kind::ChunkHeader:
        if (of_piece == 0) break;  // It is composed anew.
        request.chunk_open = true;
        queue_text(piece.bytes.substr(of_piece));
        break;
      case Batch::Kind::Lines:
        lines_follow = false;
        if (!all) rewind_lines(batch, of_piece);
        break;
      case Batch::Kind::ChunkEnd:
        request.chunk_open = false;
        [[fallthrough]];
      case Batch::Kind::Head:
      case Batch::Kind::Last:
        queue_text(piece.bytes.substr(of_piece));
        break;
    }
    if (all) continue;
    if (lines_follow) rewind_lines(batch, 0);
    wait_for(Waiting::Write);
    return piece.kind == Batch::Kind::Last;
  }
  return true;
}

// To where the kernel stopped: the rest is written again when it takes more.
void Http1Connection::rewind_lines(const Batch& batch, std::size_t taken) {
  Http1Request& request = *request_;
  const Batch::Lines& lines = batch.lines();
  request.lines = lines.before;
  // The same bytes at the same place.
  static_cast<void>(
      http1::write_lines(lines.which, lines.fields, request.lines, lines.room.first(taken)));
  request.head_written = lines.which == http1::Lines::OfTrailers;
}

bool Http1Connection::write_batch() {
  Batch batch(owner_.shared_.output());
  compose(batch);
  if (!batch.empty()) {
    const Transfer wrote =
        batch.last ? stream_.send_last(batch.views()) : stream_.send(batch.views());
    if (wrote.status == Transfer::Status::Ended || wrote.status == Transfer::Status::Failed) {
      close();
      return false;
    }
    if (!settle(batch, wrote.status == Transfer::Status::Done ? wrote.bytes : 0)) return false;
  }
  if (batch.whole) finish_response();
  return batch.more;
}

// All of the response is with the kernel, or in unsent_.
void Http1Connection::finish_response() {
  Http1Request& request = *request_;
  const bool short_body =
      request.response_framing == Framing::Length && request.has_body && request.response_left != 0;
  const bool keep = request.keep_alive && request.body_read && !short_body;
  Exchange& exchange = *std::exchange(request.exchange, nullptr);
  const bool body_read = request.body_read;
  owner_.shared_.path.close(exchange);
  owner_.requests_.destroy(*std::exchange(request_, nullptr));
  if (short_body) return close();
  if (!keep) {
    if (!body_read || !kept_.empty() || readable_) return linger();
    return all_sent() ? leave() : linger();
  }
  if (peer_ended_ && kept_.empty() && all_sent()) return leave();
  wait_for(all_sent() ? Waiting::Idle : Waiting::Write);
  if (!kept_.empty() || readable_ || draining_) {
    owner_.shared_.reactor.run_again(*this, io::IoEvents::read());
  }
}

// Nothing more will be said. What the client still sends is read and thrown away for a while, so
// that its kernel does not drop what it was told (RFC 9112, section 9.6).
void Http1Connection::linger() {
  if (request_ != nullptr) {
    if (Exchange* const exchange = std::exchange(request_->exchange, nullptr)) {
      owner_.shared_.path.close(*exchange);
    }
    owner_.requests_.destroy(*std::exchange(request_, nullptr));
  }
  lingering_ = true;
  kept_.clear();
  if (!all_sent()) return wait_for(Waiting::Write);
  read_past();
}

// The kernel has the last word.
void Http1Connection::read_past() {
  if (peer_ended_) return leave();
  stream_.shut_down_writing();
  linger_until_ = owner_.shared_.path.now() + owner_.shared_.settings.http.linger_max;
  wait_for(Waiting::Linger);
  if (readable_) owner_.shared_.reactor.run_again(*this, io::IoEvents::read());
}

}  // namespace pear::data::protocol

// The life of a session: beginning, end, and what its owner asks of it between them.
#include "http/http2/server_session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <sys/random.h>

#include "base/assert.h"
#include "http/http2/callbacks.h"
#include "http/http2/session_memory.h"
#include "http/http2/stream.h"

namespace pear::http2 {
namespace {

// nghttp2 has limits of its own for floods, by a clock that it reads. FloodGuard is stricter in all
// that it counts; these are for what it might not see.
constexpr std::uint64_t kBackstopBurst = 10'000;
constexpr std::uint64_t kBackstopPerSecond = 1'000;

struct FreeOption {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct FreeCallbacks {
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};
using OptionHandle = std::unique_ptr<nghttp2_option, FreeOption>;
using CallbacksHandle = std::unique_ptr<nghttp2_session_callbacks, FreeCallbacks>;

OptionHandle make_option(const SessionOptions& options) {
  nghttp2_option* option = nullptr;
  if (nghttp2_option_new(&option) != 0) return nullptr;
  nghttp2_option_set_no_auto_window_update(option, 1);
  // What a message may look like is HeadBuilder's: nghttp2 would end the connection for it.
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, options.header_table);
  nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
  nghttp2_option_set_max_continuations(option, options.floods.continuations_max);
  nghttp2_option_set_max_outbound_ack(option, options.floods.control_queue_max);
  nghttp2_option_set_stream_reset_rate_limit(option, kBackstopBurst, kBackstopPerSecond);
  nghttp2_option_set_glitch_rate_limit(option, kBackstopBurst, kBackstopPerSecond);
  return OptionHandle(option);
}

}  // namespace

void ServerSession::Callbacks::on_random(std::uint8_t* out, std::size_t bytes) {
  // Without it the places of streams in their table could be foreseen, and no more.
  if (::getrandom(out, bytes, GRND_NONBLOCK) < 0) std::memset(out, 0x5a, bytes);
}

void* ServerSession::Callbacks::allocate(std::size_t bytes, void* user) {
  ServerSession& session = session_of(user);
  void* const block = session.memory_.allocate(bytes);
  if (block == nullptr) return nullptr;
  session.held_bytes_ += SessionMemory::block_bytes(block);
  // The first that is larger than a page is the buffer for frames.
  if (session.frame_buffer_ == nullptr && bytes > 4096) session.frame_buffer_ = block;
  return block;
}

void* ServerSession::Callbacks::allocate_zeroed(std::size_t count, std::size_t bytes, void* user) {
  std::size_t total = 0;
  if (__builtin_mul_overflow(count, bytes, &total)) return nullptr;
  void* const block = allocate(total, user);
  if (block != nullptr) std::memset(block, 0, total);
  return block;
}

void* ServerSession::Callbacks::resize(void* block, std::size_t bytes, void* user) {
  if (block == nullptr) return allocate(bytes, user);
  ServerSession& session = session_of(user);
  const std::size_t before = SessionMemory::block_bytes(block);
  void* const resized = session.memory_.resize(block, bytes);
  if (resized == nullptr) return nullptr;
  session.held_bytes_ += SessionMemory::block_bytes(resized) - before;
  return resized;
}

void ServerSession::Callbacks::release(void* block, void* user) {
  if (block == nullptr) return;
  ServerSession& session = session_of(user);
  session.held_bytes_ -= SessionMemory::block_bytes(block);
  session.memory_.release(block);
}

ServerSession::ServerSession(Key /*key*/, const SessionOptions& options, SessionOwner& owner,
                             SessionMemory& memory)
    : options_(options), owner_(owner), memory_(memory), guard_(options.floods) {}

std::unique_ptr<ServerSession> ServerSession::make(const SessionOptions& options,
                                                   SessionOwner& owner, SessionMemory& memory) {
  auto session = std::make_unique<ServerSession>(Key{}, options, owner, memory);
  if (!session->open()) return nullptr;
  return session;
}

bool ServerSession::open() {
  const OptionHandle option = make_option(options_);
  nghttp2_session_callbacks* made = nullptr;
  if (option == nullptr || nghttp2_session_callbacks_new(&made) != 0) return false;
  const CallbacksHandle callbacks(made);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(made, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, Callbacks::on_invalid_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, Callbacks::on_close);
  nghttp2_session_callbacks_set_before_frame_send_callback(made, Callbacks::on_before_send);
  nghttp2_session_callbacks_set_on_frame_send_callback(made, Callbacks::on_sent);
  nghttp2_session_callbacks_set_send_data_callback(made, Callbacks::on_send_body);
  nghttp2_session_callbacks_set_rand_callback(made, Callbacks::on_random);
  nghttp2_mem memory{.mem_user_data = this,
                     .malloc = Callbacks::allocate,
                     .free = Callbacks::release,
                     .calloc = Callbacks::allocate_zeroed,
                     .realloc = Callbacks::resize};
  if (nghttp2_session_server_new3(&session_, made, this, option.get(), &memory) != 0) {
    session_ = nullptr;
    return false;
  }
  return submit_first_frames();
}

bool ServerSession::submit_first_frames() {
  const std::array<nghttp2_settings_entry, 5> settings{{
      {.settings_id = NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, .value = options_.header_table},
      {.settings_id = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, .value = options_.streams_max},
      {.settings_id = NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, .value = options_.stream_window},
      {.settings_id = NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, .value = options_.head.header_max},
      // Priorities are those of RFC 9218.
      {.settings_id = NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, .value = 1},
  }};
  return nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
             0 &&
         nghttp2_session_set_local_window_size(
             session_, NGHTTP2_FLAG_NONE, 0,
             static_cast<std::int32_t>(options_.connection_window)) == 0;
}

ServerSession::~ServerSession() {
  while (Stream* const stream = streams_.front()) finish(*stream, ErrorCode::Cancel);
  nghttp2_session_del(session_);
  if (builder_ != nullptr) memory_.give_back(std::move(builder_));
}

void ServerSession::destroy(Stream& stream) {
  static_cast<void>(nghttp2_session_set_stream_user_data(session_, stream.id, nullptr));
  stream.unlink();
  --streams_open_;
  std::destroy_at(&stream);
  memory_.release(&stream);
}

ServerSession::Stream* ServerSession::find(std::int32_t stream) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, stream));
}

bool ServerSession::over() const {
  return broken_ || (nghttp2_session_want_read(session_) == 0 && !wants_write());
}

void ServerSession::resume(std::int32_t stream) {
  // An error says that it was not waiting.
  static_cast<void>(nghttp2_session_resume_data(session_, stream));
}

void ServerSession::consume(std::int32_t stream, std::size_t bytes) {
  Stream* const found = find(stream);
  if (found == nullptr) return;
  PEAR_ASSERT(bytes <= found->unconsumed, "more of a body was used up than there was");
  found->unconsumed -= static_cast<std::uint32_t>(bytes);
  // A stream that takes no more DATA needs no window.
  const int error = found->request_ended ? nghttp2_session_consume_connection(session_, bytes)
                                         : nghttp2_session_consume(session_, stream, bytes);
  if (error != 0) terminate(ErrorCode::InternalError);
}

void ServerSession::reset(std::int32_t stream, ErrorCode error) {
  // It may have closed behind the back of its owner, who is told at the end of a field section.
  if (nghttp2_session_find_stream(session_, stream) == nullptr) return;
  static_cast<void>(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream,
                                              static_cast<std::uint32_t>(error)));
}

void ServerSession::announce_shutdown() {
  static_cast<void>(nghttp2_submit_shutdown_notice(session_));
}

void ServerSession::finish_shutdown() {
  shutting_down_ = true;
  static_cast<void>(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                                          nghttp2_session_get_last_proc_stream_id(session_),
                                          NGHTTP2_NO_ERROR, nullptr, 0));
}

void ServerSession::terminate(ErrorCode error) {
  ended_ = true;
  static_cast<void>(nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(error)));
}

void ServerSession::cut(Offence offence) {
  if (ended_) return;
  terminate(ErrorCode::EnhanceYourCalm);
  owner_.on_offence(offence);
}

void ServerSession::fail_connection(ErrorCode error) {
  if (ended_) return;
  terminate(error);
  owner_.on_offence(Offence::ProtocolError);
}

void ServerSession::note_end() {
  if (ended_) return;
  ended_ = true;
  owner_.on_offence(Offence::ProtocolError);
}

void ServerSession::idle() {
  if (streams_open_ == 0 && builder_ != nullptr && block_stream_ == 0) {
    memory_.give_back(std::move(builder_));
  }
  // While a frame is being sent its bytes are needed.
  if (nghttp2_session_want_write(session_) == 0) memory_.forget_contents(frame_buffer_);
}

std::size_t ServerSession::resident_bytes() const {
  return sizeof(ServerSession) + held_bytes_ - SessionMemory::block_bytes(frame_buffer_) +
         SessionMemory::resident_bytes(frame_buffer_);
}

}  // namespace pear::http2

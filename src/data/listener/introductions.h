// Introductions: connections of one core from proxies that speak the PROXY protocol, until they
// have said whom they stand for.
//
// The header is looked at before it is taken out of the socket, so that what follows it, TLS or
// plain, is there for whoever comes next.
//
// Source: io/proxy_header.h.
// Thread: core-local.
// Memory: from a pool.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "base/time.h"
#include "data/listener/door_security.h"
#include "io/proxy_header.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "io/timer_wheel.h"
#include "io/unique_fd.h"
#include "model/counters.h"

namespace pear::data::listener {

class Introductions;

// What comes of an introduction.
class IntroductionSink {
 public:
  IntroductionSink() = default;
  IntroductionSink(const IntroductionSink&) = delete;
  IntroductionSink& operator=(const IntroductionSink&) = delete;
  IntroductionSink(IntroductionSink&&) = delete;
  IntroductionSink& operator=(IntroductionSink&&) = delete;

  struct Introduced {
    io::UniqueFd socket;
    io::SocketAddress proxy;
    io::SocketAddress client;  // None: the proxy named nobody.
    Security security{};
  };
  virtual void on_introduced(Introduced connection) = 0;
  // It did not begin with a header, or the header is malformed.
  virtual void on_no_introduction(const io::SocketAddress& proxy) = 0;

 protected:
  ~IntroductionSink() = default;
};

class Introduction final : public io::IoHandler, public base::ListHook<Introduction> {
 public:
  Introduction(Introductions& owner, io::UniqueFd socket, const io::SocketAddress& proxy,
               Security security);

  // False: it cannot be watched.
  [[nodiscard]] bool open();
  void on_io(io::IoEvents events) override;

 private:
  friend class Introductions;
  void read();
  void hand_on();
  void on_timer(MonotonicTime now);
  void close();

  Introductions& owner_;
  io::UniqueFd socket_;
  io::SocketAddress proxy_;
  Security security_;
  io::ProxyHeaderParser header_;
  io::Timer timer_ = io::Timer::calling<&Introduction::on_timer>(*this);
  bool closed_ = false;
};

class Introductions {
 public:
  // All outlive it.
  struct Parts {  // NOLINT(*-member-init): references have no default.
    io::Reactor& reactor;
    model::CoreCounters& counters;
    IntroductionSink& sink;
    std::chrono::milliseconds timeout;  // From accept to the header's end.
    std::size_t connections_max;
  };
  explicit Introductions(const Parts& parts)
      : parts_(parts), introductions_(parts.connections_max) {}
  ~Introductions();
  Introductions(const Introductions&) = delete;
  Introductions& operator=(const Introductions&) = delete;
  Introductions(Introductions&&) = delete;
  Introductions& operator=(Introductions&&) = delete;

  // Of those that are to come.
  void set_timeout(std::chrono::milliseconds timeout) { parts_.timeout = timeout; }
  // Takes a connection that was just accepted. At the limit it is closed.
  void add(io::UniqueFd socket, const io::SocketAddress& proxy, Security security);
  // The server is going away: proxies that do not hurry now are not waited for.
  void drain();
  void close_all();

  [[nodiscard]] std::size_t open() const { return introductions_.live(); }

 private:
  friend class Introduction;
  void free_closed();

  Parts parts_;
  base::ObjectPool<Introduction> introductions_;
  base::IntrusiveList<Introduction, Introduction> alive_;
  base::IntrusiveList<Introduction, Introduction> closed_;
  io::DeferredCall free_closed_ = io::DeferredCall::calling<&Introductions::free_closed>(*this);
};

}  // namespace pear::data::listener

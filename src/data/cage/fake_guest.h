// FakeGuest: a guest that plays what a test says, one slice a poll.
//
// Thread: core-local, in tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/cage/guest.h"

namespace pear::cage {

class FakeGuest;

// One slice; its time is added to the fake clock.
using FakeSlice = std::function<Guest::Slice(FakeGuest&)>;

// What all the guests of a test share.
struct FakeEngine {
  MonotonicTime clock{std::chrono::hours(1)};
  FakeSlice start;                       // The instantiation; null: ready at once.
  FakeSlice serve;                       // A slice of a request.
  std::function<void(FakeGuest&)> gone;  // One ends; null: nobody asks.
  std::uint64_t memory_of_instance = 0;
  int alive = 0;
  int made = 0;
  int alive_max = 1'000;
  int buried = 0;
  int asked_others = 0;  // For an idle guest,
  bool asked = false;    // and another core asks this one.
  std::vector<std::uint64_t> woken;
};

class FakeGuest final : public Guest {
 public:
  FakeGuest(FakeEngine& engine, GuestHost& guest_host) : host(guest_host), engine_(engine) {
    ++engine_.alive;
    ++engine_.made;
  }
  ~FakeGuest() override {
    --engine_.alive;
    if (engine_.gone) engine_.gone(*this);
  }
  FakeGuest(const FakeGuest&) = delete;
  FakeGuest& operator=(const FakeGuest&) = delete;
  FakeGuest(FakeGuest&&) = delete;
  FakeGuest& operator=(FakeGuest&&) = delete;

  void begin(const GuestRequest& given) override {
    request = given;
    slices = 0;
  }
  Slice poll() override {
    if (!started_) {
      if (!memory_taken_ && !host.grow_memory(engine_.memory_of_instance)) {
        return fault(GuestFault::Memory, "no memory");
      }
      memory_taken_ = true;
      const Slice slice = engine_.start ? engine_.start(*this) : idle();
      started_ = slice.state == GuestState::Idle;
      return slice;
    }
    ++slices;
    return engine_.serve(*this);
  }
  [[nodiscard]] Ending ending() const override { return {.kind = fault_, .message = message_}; }
  void leave_host() override {}

  // ---- For the scripts.
  Slice idle(std::chrono::nanoseconds cpu = std::chrono::microseconds(3)) {
    return slice(GuestState::Idle, cpu);
  }
  Slice pending() { return slice(GuestState::Pending, std::chrono::microseconds(1)); }
  Slice yielded(std::chrono::nanoseconds cpu = std::chrono::milliseconds(1)) {
    return slice(GuestState::Yielded, cpu);
  }
  Slice fault(GuestFault kind, std::string message) {
    fault_ = kind;
    message_ = std::move(message);
    return slice(GuestState::Faulted, std::chrono::microseconds(3));
  }
  // The whole of a small answer.
  Slice answer(std::string_view body) {
    static_cast<void>(host.respond(200, {}));
    host.write_body(body);
    host.finish_body({});
    return idle();
  }

  GuestHost& host;
  GuestRequest request;
  int slices = 0;          // Of this request.
  std::size_t memory = 0;  // What the script wants to know in its next slice.

 private:
  Slice slice(GuestState state, std::chrono::nanoseconds cpu) {
    engine_.clock += cpu;
    return {.state = state, .cpu = cpu, .end = engine_.clock};
  }

  FakeEngine& engine_;
  GuestFault fault_{};
  std::string message_;
  bool started_ = false;
  bool memory_taken_ = false;
};

class FakeGuestMaker final : public GuestMaker {
 public:
  explicit FakeGuestMaker(FakeEngine& engine) : engine_(engine) {}

  std::unique_ptr<GuestSource> open(std::shared_ptr<const engine::Image> /*image*/,
                                    const config::SiteSettings& /*site*/) override {
    return std::make_unique<Source>(engine_);
  }
  std::size_t take_woken(std::span<std::uint64_t> tokens) override {
    std::size_t count = 0;
    while (count < tokens.size() && !engine_.woken.empty()) {
      tokens[count++] = engine_.woken.back();
      engine_.woken.pop_back();
    }
    return count;
  }
  void work() override {}
  void rest() override {}
  void bury(std::unique_ptr<Guest> /*guest*/) override { ++engine_.buried; }
  void ask_for_room() override { ++engine_.asked_others; }
  bool take_asked() override { return std::exchange(engine_.asked, false); }

 private:
  class Source final : public GuestSource {
   public:
    explicit Source(FakeEngine& engine) : engine_(engine) {}
    std::unique_ptr<Guest> make(GuestHost& host, std::uint64_t /*token*/) override {
      if (engine_.alive >= engine_.alive_max) return nullptr;
      return std::make_unique<FakeGuest>(engine_, host);
    }
    [[nodiscard]] bool process_is_full() const override {
      return engine_.alive >= engine_.alive_max;
    }

   private:
    FakeEngine& engine_;
  };

  FakeEngine& engine_;
};

}  // namespace pear::cage

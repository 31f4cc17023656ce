// RunQueue: which guest of this core runs next.
//
// Start-time fair queueing in two levels: the site that has used the least CPU time runs first, and
// within a site its guests take turns, each of one slice or, where its owner says so, of several. A
// site that wakes after a rest starts at the present virtual time, so it owes nothing and is owed
// nothing. So a site with a hundred busy guests delays another site's request by the slice that is
// running and at most one more.
//
// Source:  P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queuing", SIGCOMM 1996.
// Thread:  core-local.
// Memory:  intrusive; the heap of runnable sites grows to the number of sites and stays.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace pear::cage {

class SiteQueue;

// What waits for its turn: a request for its first slice, an instance for its next one. It must not
// be destroyed while queued.
class Runnable {
 public:
  Runnable() = default;
  virtual ~Runnable() = default;
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;
  Runnable(Runnable&&) = delete;
  Runnable& operator=(Runnable&&) = delete;

  virtual void take_turn() = 0;
  [[nodiscard]] bool queued() const { return queued_; }

 private:
  friend class RunQueue;
  friend class SiteQueue;
  Runnable* next_ = nullptr;
  Runnable* previous_ = nullptr;
  bool queued_ = false;
};

// The runnable guests of one site on this core, in turn. Outlives its membership in the RunQueue.
class SiteQueue {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  friend class RunQueue;
  static constexpr std::size_t kNotQueued = SIZE_MAX;

  void push_back(Runnable& guest);
  void push_front(Runnable& guest);
  void unlink(Runnable& guest);

  Runnable* first_ = nullptr;
  Runnable* last_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t start_ns_ = 0;      // Virtual time at which its next slice starts.
  std::size_t place_ = kNotQueued;  // In the heap.
};

class RunQueue {
 public:
  // `guest` runs after those of its site that are queued. No effect when it is queued already.
  void push(SiteQueue& site, Runnable& guest);
  // `guest`, which was popped last of its site, keeps its turn: it is the first of its site again.
  void push_again(SiteQueue& site, Runnable& guest);
  // Takes the guest to run now; null when nothing is runnable. Its site is charged with charge().
  struct Next {
    SiteQueue* site = nullptr;
    Runnable* guest = nullptr;
  };
  [[nodiscard]] Next pop();
  // `site` used so much CPU time.
  void charge(SiteQueue& site, std::chrono::nanoseconds cpu);
  // Takes a guest out again; no effect when it is not queued.
  void remove(SiteQueue& site, Runnable& guest);

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void enter(SiteQueue& site);
  void leave(SiteQueue& site);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  void put(std::size_t place, SiteQueue* site);

  std::vector<SiteQueue*> heap_;  // Borrowed; the least start_ns_ first.
  std::uint64_t virtual_ns_ = 0;  // Start of the slice that ran last.
  std::size_t size_ = 0;
};

}  // namespace pear::cage

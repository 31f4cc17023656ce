// Worker: a thread for what blocks: reading and compiling components.
//
// A job runs on the worker, then its second half on the thread that owns the worker, which calls
// collect() when it has been woken.
//
// Thread:  submit(), collect() and destruction on the owner's thread.
// Memory:  the jobs that wait; the owner bounds how many it submits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "io/waker.h"

namespace pear::control {

class Worker {
 public:
  // On the owner's thread; made by the work from what it found out.
  using Then = std::move_only_function<void()>;
  // On the worker.
  using Work = std::move_only_function<Then()>;

  // `owner_waker` must outlive the worker.
  explicit Worker(io::Waker& owner_waker);
  // Waits for the job that runs; those that wait are dropped, and so is what has not been
  // collected.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;

  void submit(Work work);
  // Runs what finished jobs left to do; how many.
  std::size_t collect();

 private:
  void run(const std::stop_token& stop);

  io::Waker& owner_waker_;
  std::mutex mutex_;
  std::condition_variable_any more_;
  std::deque<Work> waiting_;
  std::deque<Then> finished_;
  std::jthread thread_;  // Last: it ends before the rest.
};

}  // namespace pear::control

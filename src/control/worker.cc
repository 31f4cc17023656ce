#include "control/worker.h"

#include <pthread.h>

namespace pear::control {

Worker::Worker(io::Waker& owner_waker)
    : owner_waker_(owner_waker), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Worker::~Worker() = default;

void Worker::submit(Work work) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  more_.notify_one();
}

std::size_t Worker::collect() {
  std::deque<Then> finished;
  {
    const std::scoped_lock lock(mutex_);
    finished.swap(finished_);
  }
  for (Then& then : finished) then();
  return finished.size();
}

void Worker::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "pear-worker");
  while (true) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      if (!more_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      if (stop.stop_requested()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    Then then = work();
    {
      const std::scoped_lock lock(mutex_);
      finished_.push_back(std::move(then));
    }
    owner_waker_.wake();
  }
}

}  // namespace pear::control

#include "engine/reaper.h"

#include <utility>

#include <pthread.h>

namespace pear::engine {

Reaper::Reaper() : thread_([this](const std::stop_token& stop) { run(stop); }) {
  ::pthread_setname_np(thread_.native_handle(), "pear-reaper");
}

Reaper::~Reaper() = default;

void Reaper::take(std::shared_ptr<void> last_owner) {
  const std::lock_guard lock(mutex_);
  taken_.push_back(std::move(last_owner));
  changed_.notify_one();
}

void Reaper::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, stop, [this] { return !taken_.empty(); });
    if (taken_.empty()) return;
    std::vector<std::shared_ptr<void>> dying = std::exchange(taken_, {});
    lock.unlock();
    dying.clear();
    lock.lock();
  }
}

}  // namespace pear::engine

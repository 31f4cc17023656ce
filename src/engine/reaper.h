// Reaper: frees what takes long to free, on a thread of its own.
//
// An instance that wrote to hundreds of megabytes takes milliseconds to tear down; its core must
// not stand still for that.
//
// Thread: take() on any. What is taken dies on the reaper's thread.
// Memory: the queue grows with what is taken faster than it can be freed; each of it still counts
//         against the engine's number of instances.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace pear::engine {

class Reaper {
 public:
  Reaper();
  // Frees what is left.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;
  Reaper(Reaper&&) = delete;
  Reaper& operator=(Reaper&&) = delete;

  // The last owner of something that nobody uses any more.
  void take(std::shared_ptr<void> last_owner);

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::shared_ptr<void>> taken_;
  std::jthread thread_;  // Last: it uses the others.
};

}  // namespace pear::engine

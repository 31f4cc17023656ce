// Instance: one running guest. It serves one request at a time, in slices.
//
//   Instance instance(image, {.host = &host, .context = this, .grants = &grants}, inbox, token);
//   poll() until Idle; begin(request, call); poll() until Idle again or Faulted.
//
// `Host` is what it asks of C++: a table of functions whose contract stands in <pear_rust.h>, as do
// those of Request, Grants, Field and Bytes.
//
// Thread: the one that made it; another thread may destroy it.
// Memory: the request lives until its call has ended; host, grants and contexts as long as the
// instance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <pear_rust.h>

#include "engine/bytes_view.h"
#include "engine/image.h"

namespace pear::engine {

using Host = PearHost;
using Grants = PearGrants;
using Directory = PearDirectory;
using Request = PearRequest;
using Field = PearField;

// Instances of one core that other threads woke (only those with files are woken by others).
class Inbox {
 public:
  // `wake` is called with `context`, from any thread, when the inbox was empty and is not any more.
  // It must not call back into the inbox.
  Inbox(void (*wake)(void* context), void* context) : inbox_(pear_inbox_new(wake, context)) {}

  // Takes the tokens of instances to poll, as many as fit. Owner thread.
  [[nodiscard]] std::size_t take(std::span<std::uint64_t> tokens) {
    return pear_inbox_take(inbox_.get(), tokens.data(), tokens.size());
  }

  [[nodiscard]] PearInbox* raw() { return inbox_.get(); }

 private:
  struct Free {
    void operator()(PearInbox* inbox) const { pear_inbox_free(inbox); }
  };
  std::unique_ptr<PearInbox, Free> inbox_;
};

// What one site holds of what all sites share (pear_share_new). Any thread.
class Share {
 public:
  Share(const Engine& engine, std::string_view site, std::uint32_t files_max)
      : share_(pear_share_new(engine.raw(), lend(site), files_max)) {}

  [[nodiscard]] const PearShare* raw() const { return share_.get(); }

 private:
  struct Free {
    void operator()(PearShare* share) const { pear_share_free(share); }
  };
  std::unique_ptr<PearShare, Free> share_;
};

enum class PollStep : std::uint8_t {
  Idle = PEAR_POLL_IDLE,        // No call: ready for begin().
  Pending = PEAR_POLL_PENDING,  // Waits for the host.
  Yielded = PEAR_POLL_YIELDED,  // The slice is over; runnable.
  Faulted = PEAR_POLL_FAULT,    // Ended for good.
};

enum class InstanceFault : std::uint8_t {
  Trap = PEAR_FAULT_TRAP,
  Memory = PEAR_FAULT_MEMORY,
  HostRule = PEAR_FAULT_HOST,
  Exit = PEAR_FAULT_EXIT,
  Panic = PEAR_FAULT_PANIC,
  Start = PEAR_FAULT_START,
  NoRoom = PEAR_FAULT_NO_ROOM,  // No fault of the guest: the pool or the system has no more.
  Limit = PEAR_FAULT_LIMIT,
};

class Instance {
 public:
  struct Surroundings {
    const Host* host = nullptr;  // Every function of it is set.
    void* context = nullptr;     // The `instance` of the host's functions.
    const Grants* grants = nullptr;
  };

  // The first polls finish it. `token` names it in the inbox.
  Instance(const Image& image, const Surroundings& surroundings, Inbox& inbox, std::uint64_t token)
      : instance_(pear_instance_new(image.raw(), surroundings.host, surroundings.context,
                                    surroundings.grants, inbox.raw(), token)) {}

  // Only when the last poll gave Idle. `call` is the `call` of the host's functions.
  void begin(const Request& request, void* call) {
    pear_instance_begin(instance_.get(), &request, call);
  }

  // Runs the guest until it waits, its slice ends, the call ends or it faults.
  [[nodiscard]] PollStep poll() {
    return static_cast<PollStep>(pear_instance_poll(instance_.get()));
  }

  // After Faulted. The text lives as long as the instance.
  [[nodiscard]] InstanceFault fault() const {
    return static_cast<InstanceFault>(pear_instance_fault(instance_.get(), nullptr));
  }
  [[nodiscard]] std::string_view fault_text() const {
    PearBytes text{};
    pear_instance_fault(instance_.get(), &text);
    return text_of(text);
  }

  // For tests: the next outgoing-response that the guest makes panics inside the host function.
  void panic_once() { pear_instance_panic_once(instance_.get()); }

 private:
  struct Free {
    void operator()(PearInstance* instance) const { pear_instance_free(instance); }
  };
  std::unique_ptr<PearInstance, Free> instance_;
};

}  // namespace pear::engine

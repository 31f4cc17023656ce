// KeeperMemory: the memory that the keeper holds for its servers (keeper/shared_memory.h), as they
// divide it. What lies there survives a crash of the server and is common to all its processes.
//
//   from byte 0   TicketKeyRing: the keys of session tickets
//   from byte 384 LastingSecret: what tokens of QUIC are made of
//   from 4 KiB    StrikeRegister: tickets whose early data was taken
//   behind it     LastImages: which component each site last ran with
//   at the end    Vitals: what the server's threads show of themselves (keeper/vitals.h)
//
// Zeroes are a valid start for each part, and each finds out itself whether what a former server
// left is whole.
//
// Thread: any.
// Memory: the mapping lives as long as this or what was taken of it.
#pragma once

#include <memory>

#include "io/shared_memory.h"
#include "io/tls/lasting_secret.h"
#include "io/tls/strike_register.h"
#include "io/tls/ticket_keys.h"
#include "keeper/last_images.h"
#include "keeper/vitals.h"

namespace pear::cli {

class KeeperMemory {
 public:
  // Inheritance::shared_memory_fd, which may be closed afterwards. -1, or what cannot be mapped:
  // nothing is shared.
  explicit KeeperMemory(int fd);

  [[nodiscard]] bool is_shared() const { return memory_ != nullptr; }
  // Those of this memory; where nothing is shared, of the returned object alone.
  [[nodiscard]] std::shared_ptr<io::tls::TicketKeys> ticket_keys() const;
  [[nodiscard]] std::shared_ptr<io::tls::StrikeRegister> strike_register() const;
  [[nodiscard]] io::tls::LastingSecret lasting_secret() const;
  [[nodiscard]] std::shared_ptr<keeper::Vitals> vitals() const;
  [[nodiscard]] std::shared_ptr<keeper::LastImages> last_images() const;

 private:
  std::shared_ptr<const io::SharedMemory> memory_;  // Null: nothing is shared.
};

}  // namespace pear::cli

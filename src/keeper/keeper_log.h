// KeeperLog: the keeper's few log lines, in the schema of base/log, written at once.
//
// Thread: the keeper's. Memory: a line on the stack.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

#include "base/log/level.h"

namespace pear::keeper {

class KeeperLog {
 public:
  struct Field {
    std::string_view name;  // A literal of Pear.
    std::variant<std::string_view, std::int64_t> value;
  };

  // Lines below `level` are not written. `fd` is borrowed.
  KeeperLog(int fd, log::Level level) : fd_(fd), level_(level) {}

  // `event` is a literal of Pear, snake_case. A line that cannot be written is lost.
  void write(log::Level level, std::string_view event, std::initializer_list<Field> fields) const;

 private:
  int fd_;
  log::Level level_;
};

}  // namespace pear::keeper

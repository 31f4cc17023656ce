#include "keeper/keeper_log.h"

#include <array>
#include <chrono>

#include <unistd.h>

#include "base/log/json_line.h"
#include "base/log/timestamp.h"

namespace pear::keeper {

void KeeperLog::write(log::Level level, std::string_view event,
                      std::initializer_list<Field> fields) const {
  constexpr std::size_t kTextBytesMax = 256;
  if (level < level_) return;

  log::Timestamp timestamp;
  std::array<char, log::Timestamp::kBytes> stamp{};
  timestamp.write(std::chrono::system_clock::now(), stamp);

  std::array<char, 1'024> buffer{};
  log::JsonLine line(buffer);
  line.plain("ts", {stamp.data(), stamp.size()});
  line.plain("level", log::name(level));
  line.plain("event", event);
  for (const Field& field : fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      line.text(field.name, *text, kTextBytesMax);
    } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      line.signed_number(field.name, *number);
    }
  }
  [[maybe_unused]] const ssize_t written = ::write(fd_, buffer.data(), line.finish());
}

}  // namespace pear::keeper

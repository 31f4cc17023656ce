// Fuzzes the replay parser. Properties: a request that is accepted can be put into a request head
// without ending it early, and what was read is read again from its canonical line.
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/assert.h"
#include "load/replay.h"

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out.empty() ? "-" : out;
}

std::string canonical_line(const pear::load::ReplayEntry& entry) {
  std::string line =
      fmt::format("- - - [{:%d/%b/%Y:%H:%M:%S} +0000] \"{} {} HTTP/1.1\" {} - \"{}\" \"{}\"",
                  fmt::gmtime(static_cast<std::time_t>(entry.logged_at.time_since_epoch().count())),
                  entry.method, escaped(entry.target), entry.logged_status, escaped(entry.referrer),
                  escaped(entry.user_agent));
  if (entry.expect.status) line += fmt::format(" expect={}", *entry.expect.status);
  if (entry.expect.body) line += " sha256=" + pear::load::to_hex(*entry.expect.body);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto entry = pear::load::parse_replay_line(text);
  if (entry) {
    for (const std::string_view part :
         {std::string_view(entry->method), std::string_view(entry->target)}) {
      PEAR_ASSERT(part.find_first_of(" \r\n") == part.npos, "the request line would end early");
    }
    for (const std::string_view part :
         {std::string_view(entry->referrer), std::string_view(entry->user_agent)}) {
      PEAR_ASSERT(part.find_first_of("\r\n") == part.npos, "the field would end early");
    }
    const std::string line = canonical_line(*entry);
    const auto again = pear::load::parse_replay_line(line);
    // Escaping can double a line, past the limit.
    const bool has_form = line.size() <= pear::load::ReplayLog::kLineBytesMax;
    PEAR_ASSERT(!has_form || again.has_value(), "the canonical line is refused");
    PEAR_ASSERT(!has_form || *again == *entry, "the canonical line means something else");
  }
  static_cast<void>(pear::load::parse_replay_log(text));
  return 0;
}

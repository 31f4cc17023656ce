#include "server/start_words.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "io/clock.h"
#include "keeper/inheritance.h"

namespace pear::server {
namespace {

// A reason, which may be a compiler's report of many lines, as a part of one.
std::string one_line(std::string_view text) {
  constexpr std::size_t kBytesMax = 300;
  std::string out(text.substr(0, kBytesMax));
  std::ranges::replace_if(out, [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return out;
}

}  // namespace

std::string ready_word(std::span<const admin::SiteStanding> sites) {
  std::string word(keeper::kReadyWord);
  for (const admin::SiteStanding& site : sites) {
    if (site.served()) continue;
    const std::string line =
        fmt::format("{}\t{}: {}\n", site.name, admin::name(site.state), one_line(site.reason));
    if (word.size() + line.size() <= keeper::kReadyBytesMax) word += line;
  }
  return word;
}

void say_what_was_blamed(log::Logger& logger, const config::Settings& settings,
                         base::SiteKey site) {
  const auto key_of = [](const config::SiteSettings& each) { return base::site_key(each.name); };
  const auto blamed = std::ranges::find(settings.sites, site, key_of);
  if (blamed == settings.sites.end()) return;
  logger.event(io::wall_time(),
               {.level = log::Level::Warning,
                .name = "site_blamed",
                .subject = {.site = blamed->name},
                .message = "the server before this one died at work for this site"});
}

}  // namespace pear::server

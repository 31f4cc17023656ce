// Property: two guests that are asked for one path do not disagree about the route that its limits
// come from, whatever they do to the path before they look at it.
//
// The input is lines: a path, then routes. Each route has a limit of its own. The guests are
// written here once more, on copies and segment by segment.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/uri_path.h"
#include "model/path_readings.h"

namespace {

using pear::model::Route;
using pear::model::RouteTable;

std::string_view next_line(std::string_view* text) {
  const std::size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

int hex(char c) {
  const std::size_t at = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at % 16);
}

// As the parsers take it.
bool is_path(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c <= ' ' || c > '~' || c == '#' || c == '?' || c == '\\') return false;
    if (c != '%') continue;
    if (i + 2 >= path.size() || hex(path[i + 1]) < 0 || hex(path[i + 2]) < 0) return false;
    if (hex(path[i + 1]) == 0 && hex(path[i + 2]) == 0) return false;
  }
  return true;
}

std::string decode(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      c = static_cast<char>(hex(path[i + 1]) * 16 + hex(path[i + 2]));
      i += 2;
    }
    out += c == '\\' ? '/' : c;
  }
  return out;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments{""};
  for (const char c : path.substr(1)) {
    if (c == '/') {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

std::string join(const std::vector<std::string>& segments) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  return path;
}

std::string cut_parameters(std::string_view path) {
  auto segments = split(path);
  for (std::string& segment : segments) segment.resize(std::min(segment.find(';'), segment.size()));
  return join(segments);
}

std::string merge(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  return out;
}

std::string resolve(std::string_view path) {
  std::vector<std::string> out;
  const auto segments = split(path);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool dots = segments[i] == "." || segments[i] == "..";
    if (segments[i] == ".." && !out.empty()) out.pop_back();
    if (!dots) out.push_back(segments[i]);
    if (dots && i + 1 == segments.size()) out.emplace_back();
  }
  return join(out);
}

std::string normal_form(std::string_view path) {
  std::string out(path.size(), '?');
  out.resize(pear::base::normalise_path(path, out));
  return out;
}

// What each kind of guest may see, from the path as the client wrote it and from what it is given.
std::vector<std::string> readings_of(const std::string& spelled, const std::string& given) {
  std::vector<std::string> readings{resolve(given), resolve(decode(given))};
  for (const std::string& path : {given, cut_parameters(given)}) {
    for (const std::string& text : {path, decode(path), cut_parameters(decode(path))}) {
      readings.push_back(resolve(text));
      readings.push_back(resolve(merge(text)));
    }
  }
  // Without characters that may be taken in two ways, all that a client wrote comes to one thing.
  if (pear::base::look_at_path(given).has_one_reading) {
    readings.push_back(resolve(decode(spelled)));
  }
  return readings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string spelled(next_line(&text));
  if (!is_path(spelled)) return 0;
  const std::string given = normal_form(spelled);
  PEAR_ASSERT(normal_form(given) == given, "the normal form has a normal form of its own");
  PEAR_ASSERT(!pear::base::look_at_path(spelled).is_normal || given == spelled,
              "a path that looked normal was changed");

  pear::model::SiteTable table;
  auto site = std::make_shared<pear::model::Site>();
  site->settings.routes.clear();
  std::vector<Route> routes;
  while (!text.empty() && routes.size() < 16) {
    const std::string_view line = next_line(&text);
    if (RouteTable::problem_in_path(line)) continue;
    routes.push_back({.host = "",
                      .path = std::string(line),
                      .site = pear::SiteId{0},
                      .index = static_cast<std::uint32_t>(routes.size())});
    site->settings.routes.push_back({.path = std::string(line)});
    site->settings.routes.back().rate_limit.total.count = 1;
  }
  table.sites.push_back(site);
  std::vector<RouteTable::Conflict> conflicts;
  table.routes = RouteTable::build(routes, &conflicts);

  const auto match = table.routes.match("a", given);
  std::string scratch(given.size(), '?');
  const bool looked = !pear::base::look_at_path(given).has_one_reading;
  if (!match) return 0;
  if (looked && !is_read_alike(table, {.host = "a", .path = given, .match = *match}, scratch)) {
    return 0;
  }
  for (const std::string& reading : readings_of(spelled, given)) {
    PEAR_ASSERT(table.routes.match("a", reading) == match, "a guest is on another route");
  }
  return 0;
}

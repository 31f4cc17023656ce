// Banner: what `pear up` says once it serves: where, what, and what to try next.
//
// Thread: any (pure).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"
#include "config/settings.h"

namespace pear::cli {

// An address that a person on this machine can open: "http://127.0.0.1:3000/" for 0.0.0.0:3000.
[[nodiscard]] std::string url_of(const config::ListenAddress& address);

// What the settings alone do not say of https.
struct HttpsServed {
  std::vector<config::ListenAddress> by_udp;  // Where there are sockets for HTTP/3.
  bool can_serve = true;                      // Else its files are wrong, which was said before.
  bool is_local = false;  // The certificate is that of this machine's own authority.
};

// Sites that are not served, by name, and why.
using NotServed = std::map<std::string, std::string, std::less<>>;
// Of what a server says behind the word "ready" (keeper/inheritance.h).
[[nodiscard]] NotServed parse_not_served(std::string_view text);

// `settings.server.listen` and `https` say what is really listened on.
[[nodiscard]] std::string banner_text(const config::Settings& settings, const HttpsServed& https,
                                      const NotServed& not_served, const Terminal& terminal);

}  // namespace pear::cli

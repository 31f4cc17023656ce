#include "control/admin/request_guard.h"

#include <algorithm>

#include "http/authority.h"

namespace pear::admin {
namespace {

bool has_field(const http::RequestHead& head, std::string_view name) {
  return std::ranges::any_of(head.fields, [&](const auto& field) { return field.name == name; });
}

// Digits and dots only, and both: no name can be made of these.
bool is_ipv4_like(std::string_view host) {
  return host.contains('.') && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// A page cannot make its name an address, so a Host that is one did not come by rebinding.
bool host_is_ours(std::string_view host, std::string_view configured_host) {
  if (host.empty()) return true;  // HTTP/1.0 without Host: no browser.
  if (host == "localhost" || host == configured_host) return true;
  return host.front() == '[' || is_ipv4_like(host);
}

}  // namespace

std::optional<Answer> refuse(const http::RequestHead& head, Origin origin,
                             std::string_view configured_host) {
  if (!host_is_ours(head.host, configured_host)) {
    return Answer{.status = 421,
                  .body = "this host name is not the admin listener's; use its address\n"};
  }
  if (http::is_safe(head.method)) return std::nullopt;
  if (origin != Origin::ThisMachine) {
    return Answer{.status = 403, .body = "changes are accepted from this machine only\n"};
  }
  const bool from_page = has_field(head, "origin") || has_field(head, "sec-fetch-site");
  if (from_page && !has_field(head, kAdminField)) {
    return Answer{.status = 403, .body = "a web page must send the field Pear-Admin\n"};
  }
  return std::nullopt;
}

}  // namespace pear::admin

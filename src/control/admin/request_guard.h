// RequestGuard: which requests the admin listener obeys.
//
// The listener has no passwords: whoever can reach it, which by default is this machine, may read.
// Two ways in are closed. A web page must not reach it through the browser of somebody on this
// machine: neither by a name that it makes point here (DNS rebinding: such a request carries that
// name in Host), nor by a form (such a request carries Origin or Sec-Fetch-Site, and cannot carry a
// field of our own without asking first). And nobody changes anything from another machine, even
// where the listener is configured to be reached from there.
//
// Source:  Fetch Standard, section 3.2 (CORS: which fields need a preflight).
// Thread:  any (pure).
#pragma once

#include <optional>
#include <string_view>

#include "control/admin/resources.h"
#include "http/request_head.h"

namespace pear::admin {

// Where a request comes from.
enum class Origin : std::uint8_t { ThisMachine, Elsewhere };

// The field that a client of ours sends; a page of another origin cannot.
inline constexpr std::string_view kAdminField = "pear-admin";

// `configured_host`: the host of the listener's address in the settings. The answer that refuses,
// or nothing: the request is obeyed.
[[nodiscard]] std::optional<Answer> refuse(const http::RequestHead& head, Origin origin,
                                           std::string_view configured_host);

}  // namespace pear::admin

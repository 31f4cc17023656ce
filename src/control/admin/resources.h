// The resources of the admin listener, one file each: what a request for them is answered.
//
// Thread:  control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/admin/admin_source.h"
#include "http/request_head.h"

namespace pear::admin {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kText = "text/plain; charset=utf-8";
inline constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

struct Answer {
  std::uint16_t status = 200;
  std::string_view content_type = kText;  // A literal.
  std::string body;
  std::string_view allow;  // With 405: a literal.
};

// The process serves this: as long as it answers at all, it lives.
[[nodiscard]] Answer get_livez();
// 200 when traffic may come, 503 when not; what is not served, and why, one a line, in both.
[[nodiscard]] Answer get_readyz(const AdminView& view);
// Prometheus text format 0.0.4.
[[nodiscard]] Answer get_metrics(const AdminView& view);
// Everything that is known about sites and cages, as JSON: docs/operating/admin.md has the schema.
[[nodiscard]] Answer get_status(const AdminView& view);
// 202: all the site's cages are being replaced.
[[nodiscard]] Answer post_site_restart(AdminSource& source, std::string_view site);

// Finds the resource. 404 and 405 where there is none.
[[nodiscard]] Answer answer(const http::RequestHead& head, AdminSource& source);

}  // namespace pear::admin

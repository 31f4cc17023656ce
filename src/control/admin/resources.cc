#include "control/admin/resources.h"

namespace pear::admin {
namespace {

constexpr std::string_view kSitePrefix = "/sites/";
constexpr std::string_view kRestartSuffix = "/restart";

Answer not_allowed(std::string_view allow) {
  return {.status = 405, .body = "this resource does not know the method\n", .allow = allow};
}

// The name in "/sites/NAME/restart", or nothing.
std::string_view site_to_restart(std::string_view path) {
  if (!path.starts_with(kSitePrefix) || !path.ends_with(kRestartSuffix)) return {};
  if (path.size() <= kSitePrefix.size() + kRestartSuffix.size()) return {};
  path.remove_prefix(kSitePrefix.size());
  path.remove_suffix(kRestartSuffix.size());
  return path.find('/') == std::string_view::npos ? path : std::string_view{};
}

struct Resource {
  std::string_view path;
  Answer (*get)(const AdminView& view);
};

constexpr Resource kResources[] = {
    {"/livez", [](const AdminView&) { return get_livez(); }},
    {"/readyz", get_readyz},
    {"/metrics", get_metrics},
    {"/status", get_status},
};

}  // namespace

Answer answer(const http::RequestHead& head, AdminSource& source) {
  const bool reads = head.method == http::Method::Get || head.method == http::Method::Head;
  for (const Resource& resource : kResources) {
    if (head.path != resource.path) continue;
    return reads ? resource.get(source.view()) : not_allowed("GET, HEAD");
  }
  if (const std::string_view site = site_to_restart(head.path); !site.empty()) {
    return head.method == http::Method::Post ? post_site_restart(source, site)
                                             : not_allowed("POST");
  }
  return {.status = 404,
          .body =
              "no such resource; there are /livez, /readyz, /metrics, /status and "
              "POST /sites/NAME/restart\n"};
}

}  // namespace pear::admin

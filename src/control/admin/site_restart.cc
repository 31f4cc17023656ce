// POST /sites/NAME/restart
#include "control/admin/resources.h"

namespace pear::admin {

Answer post_site_restart(AdminSource& source, std::string_view site) {
  if (!source.restart_site(site)) {
    return {.status = 404, .body = "there is no site of this name; /status lists them\n"};
  }
  return {.status = 202, .body = "its cages are being replaced; /status shows them\n"};
}

}  // namespace pear::admin

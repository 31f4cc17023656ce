// AdminClient: asks the admin listener of a running Pear.
//
// Only over the loopback interface: from elsewhere the listener changes nothing anyway (its
// request_guard.h), and it has no passwords.
//
// Thread: main; blocks for at most ten seconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/text_file.h"

namespace pear::cli {

inline constexpr std::string_view kAdminAddress = "127.0.0.1:3001";  // The default of server.admin.

struct AdminAnswer {
  std::uint16_t status = 0;
  std::string body;
};

struct AdminRequest {
  std::string_view method = "GET";
  std::string_view path;  // Without characters that would need escaping.
};

// What is wrong with an address for ask_admin(), in words for people; empty if nothing is.
[[nodiscard]] std::string problem_of_admin_address(std::string_view address);

// `address`: "127.0.0.1:3001", which has no problem. The problem is a sentence for people.
[[nodiscard]] Told<AdminAnswer> ask_admin(std::string_view address, const AdminRequest& request);

}  // namespace pear::cli

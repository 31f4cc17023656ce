// FakeEngines: engines for tests, where no guest can run. They remember what they were asked.
//
// Thread: the test's.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/engines.h"

namespace pear::cli {

class FakeEngines {
 public:
  // Makes "component of " and the first bytes of the module. Refuses components that contain "bad".
  [[nodiscard]] Engines engines() {
    return {.componentize = [this](std::string_view core, const std::filesystem::path& wit,
                                   std::string_view world) -> Told<std::string> {
              worlds.push_back((wit / world).native());
              return "component of " + std::string(core.substr(0, 4));
            },
            .cache_image = [this](const std::filesystem::path& component,
                                  const config::Settings&) -> Told<void> {
              cached.push_back(component);
              if (read_file(component).value_or("").find("bad") != std::string::npos) {
                return std::unexpected("it exports no wasi:http/incoming-handler");
              }
              return {};
            },
            .serve =
                [this](const ServeRequest& request) {
                  served.push_back(request);
                  return on_serve ? on_serve(request) : 0;
                }};
  }

  std::vector<std::string> worlds;
  std::vector<std::filesystem::path> cached;
  std::vector<ServeRequest> served;
  std::function<int(const ServeRequest&)> on_serve;
};

}  // namespace pear::cli

#include "cli/real_engines.h"

#include <cstdint>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "engine/componentize.h"
#include "engine/engine.h"
#include "engine/image_cache.h"
#include "server/engine_options.h"
#include "server/server.h"

namespace pear::cli {

namespace {

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Told<std::string> componentize(std::string_view core_module,
                               const std::filesystem::path& wit_folder, std::string_view world) {
  const auto component = engine::componentize(as_bytes(core_module), wit_folder, world);
  if (!component) return std::unexpected(component.error());
  return component->text();
}

Told<void> cache_image(const std::filesystem::path& component, const config::Settings& settings) {
  const auto bytes = read_file(component);
  if (!bytes) return std::unexpected(bytes.error());
  auto engine = engine::Engine::make(server::engine_options(settings));
  if (!engine) return std::unexpected(engine.error());
  const std::filesystem::path folder = cache_folder(settings.server.cache);
  engine::ImageCache cache(*std::move(engine), folder.empty() ? folder : folder / "images");
  const auto image = cache.get_or_compile(as_bytes(*bytes), component, [] {});
  if (!image) return std::unexpected(image.error());
  return {};
}

int serve(const ServeRequest& request) {
  return server::run({.version = PEAR_VERSION,
                      .settings = request.settings,
                      .reload = request.reload,
                      .fds_by_address = request.fds_by_address,
                      .udp_fds_by_address = request.udp_fds_by_address,
                      .ready_fd = request.ready_fd,
                      .has_keeper = request.has_keeper,
                      .history = request.history,
                      .vitals = request.vitals,
                      .last_images = request.last_images,
                      .tickets = request.tickets,
                      .strikes = request.strikes,
                      .secret = request.secret,
                      .cache = cache_folder(request.settings->server.cache)});
}

}  // namespace

Engines real_engines() {
  return {.componentize = componentize, .cache_image = cache_image, .serve = serve};
}

std::string version_text() {
  return fmt::format("pear {}\n{}\n", PEAR_VERSION, engine::versions());
}

}  // namespace pear::cli

// ImageSource: the images of sites, from their files through the image cache.
//
// Thread: load() on the control plane's worker.
#pragma once

#include <expected>
#include <string>

#include "base/log/logger.h"
#include "control/image_loader.h"
#include "engine/image_cache.h"

namespace pear::server {

class ImageSource final : public control::ImageLoader {
 public:
  // A component may not be larger: the text of a message depends on it, memory too.
  static constexpr std::uint64_t kComponentBytesMax = 256UL << 20U;

  // `logger` belongs to the worker. Both outlive the source.
  ImageSource(engine::ImageCache& cache, log::Logger& logger) : cache_(cache), logger_(logger) {}

  std::expected<control::LoadedImage, std::string> load(const config::SiteSettings& site) override;

 private:
  engine::ImageCache& cache_;
  log::Logger& logger_;
  bool problem_said_ = false;
};

}  // namespace pear::server

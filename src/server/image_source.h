// ImageSource: the images of sites, from their files through the image cache.
//
// Thread: load() on the control plane's worker.
#pragma once

#include <expected>
#include <string>

#include "base/log/logger.h"
#include "base/vital_signs.h"
#include "control/image_loader.h"
#include "engine/image_cache.h"
#include "keeper/last_images.h"

namespace pear::server {

class ImageSource final : public control::ImageLoader {
 public:
  // A component may not be larger: the text of a message depends on it, memory too.
  static constexpr std::uint64_t kComponentBytesMax = 256UL << 20U;

  // `logger` belongs to the worker, `signs` too. All outlive the source.
  // The images that sites last ran with are kept in `last`.
  struct Parts {
    engine::ImageCache& cache;
    log::Logger& logger;
    base::VitalSigns& signs;
    keeper::LastImages& last;
  };
  explicit ImageSource(const Parts& parts)
      : cache_(parts.cache), logger_(parts.logger), signs_(parts.signs), last_(parts.last) {}

  std::expected<control::LoadedImage, std::string> load(const config::SiteSettings& site) override;
  std::expected<control::LoadedImage, std::string> load_last(
      const config::SiteSettings& site) override;
  void remember(std::string_view site, const engine::Image& image) override;
  std::uint64_t fingerprint(const config::SiteSettings& site) override;

 private:
  engine::ImageCache& cache_;
  log::Logger& logger_;
  base::VitalSigns& signs_;
  keeper::LastImages& last_;
  bool problem_said_ = false;
};

}  // namespace pear::server

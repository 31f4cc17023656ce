// ImageLoader: makes the image of a site. The real one is the engine's image cache, a fake serves
// the tests, which run without guests.
//
// Thread:  load() on a worker.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "config/settings.h"

namespace pear::engine {
class Image;
}

namespace pear::control {

struct LoadedImage {
  std::shared_ptr<const engine::Image> image;
  std::string digest;  // Of the component, as text: names the image in logs and status.
};

class ImageLoader {
 public:
  virtual ~ImageLoader() = default;

  // Reads the site's source, and compiles it where no compiled form is at hand. May take seconds. A
  // sentence for people when it is no component that can be run.
  [[nodiscard]] virtual std::expected<LoadedImage, std::string> load(
      const config::SiteSettings& site) = 0;
};

}  // namespace pear::control

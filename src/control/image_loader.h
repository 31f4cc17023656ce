// ImageLoader: makes the image of a site. The real one is the engine's image cache, a fake serves
// the tests, which run without guests.
//
// Thread:  load() on a worker.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

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

  // The image that the site last ran with in the server before this one, if it can still be had:
  // for a server that takes the place of one that died, where the source is gone or broken. A
  // sentence for people when not.
  [[nodiscard]] virtual std::expected<LoadedImage, std::string> load_last(
      const config::SiteSettings& site) = 0;
  // The site runs with this one. On the control thread.
  virtual void remember(std::string_view site, const engine::Image& image) = 0;

  // A number for the content of the site's source, which is not compiled; 0 where it cannot be
  // read.
  [[nodiscard]] virtual std::uint64_t fingerprint(const config::SiteSettings& site) = 0;
};

}  // namespace pear::control

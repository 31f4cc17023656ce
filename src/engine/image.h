// Image: one compiled component, linked; what instances are made of.
//
// Thread: any (immutable), as shared_ptr<const Image>. Compiling and loading take milliseconds to
//         seconds: on a worker.
// Memory: the machine code is mapped from the file that it was loaded from, or copied.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include <pear_rust.h>

#include "engine/bytes_view.h"
#include "engine/engine.h"
#include "engine/outcome.h"

namespace pear::engine {

using Digest = std::array<std::uint8_t, 32>;  // SHA-256.

// Where an image came from.
struct ImageOrigin {
  std::filesystem::path path;  // Of the component; may be empty.
  Digest digest{};             // Of the component's bytes.
};

class Image {
 private:
  // Only load() has one: make_shared needs a public constructor.
  struct Key {
    explicit Key() = default;
  };
  struct Free {
    void operator()(PearImage* image) const { pear_image_free(image); }
  };
  using Handle = std::unique_ptr<PearImage, Free>;

 public:
  // Machine code of a component, for load(). A sentence for people when it is none that Pear runs.
  [[nodiscard]] static Outcome<OwnedBytes> compile(const Engine& engine,
                                                   std::span<const std::uint8_t> component);

  // Makes an image of what compile() gave, which is executed: the caller vouches for it. `code` may
  // be freed afterwards. Fails when the component exports no handler for requests or imports what
  // Pear does not offer.
  [[nodiscard]] static Outcome<std::shared_ptr<const Image>> load(
      std::shared_ptr<const Engine> engine, std::span<const std::uint8_t> code, ImageOrigin origin);
  // The same from an open file, which is mapped. The descriptor stays the caller's.
  [[nodiscard]] static Outcome<std::shared_ptr<const Image>> load_file(
      std::shared_ptr<const Engine> engine, int fd, ImageOrigin origin);

  Image(Key key, std::shared_ptr<const Engine> engine, Handle image, ImageOrigin origin);

  [[nodiscard]] const ImageOrigin& origin() const { return origin_; }
  [[nodiscard]] const Digest& digest() const { return origin_.digest; }

  // What an instance takes of the pool.
  struct Needs {
    std::uint32_t memories = 1;
    std::uint32_t tables = 1;
  };
  [[nodiscard]] Needs needs() const;
  [[nodiscard]] const Engine& engine() const { return *engine_; }

  // For Instance.
  [[nodiscard]] const PearImage* raw() const { return image_.get(); }

 private:
  std::shared_ptr<const Engine> engine_;
  Handle image_;
  ImageOrigin origin_;
};

// SHA-256 of a component's bytes.
[[nodiscard]] Digest digest_of(std::span<const std::uint8_t> bytes);

}  // namespace pear::engine

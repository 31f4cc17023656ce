// ImageCache: compiled components on disk, so that a start takes milliseconds.
//
// What is read back is executed. So the folder is ours alone (0700, our own, no symbolic link), and
// each file carries an HMAC-SHA256 over its name and content with a random key that is kept in the
// folder (0600): a file that is damaged, cut, renamed, foreign or of another engine is compiled
// anew, never trusted. Who can write as our own user can do more than this anyway.
//
// Thread: any; calls may overlap. They read files and compile: on a worker.
// Limits: the files together stay within `bytes_max`; the ones unused longest go first.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "base/bytes.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "engine/owned_fd.h"
#include "engine/sealed_file.h"

namespace pear::engine {

class ImageCache {
 public:
  static constexpr Bytes kBytesMax = 2_GiB;

  enum class Source : std::uint8_t { Disk, Compiled };

  struct Loaded {
    std::shared_ptr<const Image> image;
    Source source{};
    std::chrono::nanoseconds took{};
  };

  // Always works: where `folder` cannot be used, nothing is kept and problem() says why. An empty
  // `folder` is no cache, by wish.
  ImageCache(std::shared_ptr<const Engine> engine, const std::filesystem::path& folder,
             Bytes bytes_max = kBytesMax);

  // The image of a component: from disk, else compiled and kept. `on_compile` is called before a
  // compilation, which takes up to seconds. `path` is where the component came from.
  [[nodiscard]] Outcome<Loaded> get_or_compile(std::span<const std::uint8_t> component,
                                               const std::filesystem::path& path,
                                               const std::function<void()>& on_compile);

  // The image of the component with this digest, if it is kept; else null. Nothing is compiled.
  [[nodiscard]] std::shared_ptr<const Image> find(const Digest& component,
                                                  const std::filesystem::path& path);

  // The last reason why something could not be kept or read back; empty when all is well. To be
  // said once, and not to be a failure: everything works, but starts are slow.
  [[nodiscard]] std::string problem() const;

 private:
  [[nodiscard]] std::string open_folder(const std::filesystem::path& folder);
  [[nodiscard]] std::string open_key();
  [[nodiscard]] std::string name_of(const Digest& component) const;
  [[nodiscard]] std::shared_ptr<const Image> read(const std::string& name,
                                                  const ImageOrigin& origin);
  [[nodiscard]] Outcome<std::shared_ptr<const Image>> compile(
      const std::string& name, const ImageOrigin& origin, std::span<const std::uint8_t> component);
  [[nodiscard]] OwnedFd keep(const std::string& name, std::span<const std::uint8_t> code);
  void evict(const std::string& newest);
  void note(std::string problem);

  std::shared_ptr<const Engine> engine_;
  Bytes bytes_max_;
  OwnedFd folder_;  // Closed where there is no cache.
  std::filesystem::path folder_path_;
  SealKey key_{};
  mutable std::mutex mutex_;  // Of what follows, and of eviction.
  std::string problem_;
};

}  // namespace pear::engine

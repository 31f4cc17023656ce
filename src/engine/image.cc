#include "engine/image.h"

#include <utility>

#include <openssl/sha.h>

namespace pear::engine {

Outcome<OwnedBytes> Image::compile(const Engine& engine, std::span<const std::uint8_t> component) {
  OwnedBytes code;
  OwnedBytes error;
  if (!pear_image_compile(engine.raw(), lend(component), code.out(), error.out())) {
    return std::unexpected(error.text());
  }
  return code;
}

Outcome<std::shared_ptr<const Image>> Image::load(std::shared_ptr<const Engine> engine,
                                                  std::span<const std::uint8_t> code,
                                                  ImageOrigin origin) {
  OwnedBytes error;
  Handle handle(pear_image_load(engine->raw(), lend(code), error.out()));
  if (handle == nullptr) return std::unexpected(error.text());
  return std::make_shared<const Image>(Key{}, std::move(engine), std::move(handle),
                                       std::move(origin));
}

Outcome<std::shared_ptr<const Image>> Image::load_file(std::shared_ptr<const Engine> engine, int fd,
                                                       ImageOrigin origin) {
  OwnedBytes error;
  Handle handle(pear_image_load_fd(engine->raw(), fd, error.out()));
  if (handle == nullptr) return std::unexpected(error.text());
  return std::make_shared<const Image>(Key{}, std::move(engine), std::move(handle),
                                       std::move(origin));
}

Image::Image(Key, std::shared_ptr<const Engine> engine, Handle image, ImageOrigin origin)
    : engine_(std::move(engine)), image_(std::move(image)), origin_(std::move(origin)) {}

Image::Needs Image::needs() const {
  Needs needs;
  pear_image_needs(image_.get(), &needs.memories, &needs.tables);
  return needs;
}

Digest digest_of(std::span<const std::uint8_t> bytes) {
  Digest digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

}  // namespace pear::engine

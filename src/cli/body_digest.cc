#include "cli/body_digest.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/image.h"

namespace pear::cli {

namespace {

// Holds a body until it is whole: only a run that checks bodies does, and it checks few at once.
class Sha256OfBody final : public load::BodyDigest {
 public:
  void restart() override { body_.clear(); }
  void add(std::string_view piece) override { body_ += piece; }
  load::Sha256 finish() override {
    return engine::digest_of({reinterpret_cast<const std::uint8_t*>(body_.data()), body_.size()});
  }

 private:
  std::string body_;
};

}  // namespace

std::unique_ptr<load::BodyDigest> make_body_digest() {
  return std::make_unique<Sha256OfBody>();
}

}  // namespace pear::cli

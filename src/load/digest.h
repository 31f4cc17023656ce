// BodyDigest: SHA-256 of an answer's body, piece by piece.
//
// A face, because the library that does it (BoringSSL) is not in every build, and the load
// generator works without: who asks for digests brings the maker.
//
// Thread: one at a time. The maker is called on any.
#pragma once

#include <memory>
#include <string_view>

#include "load/replay.h"

namespace pear::load {

class BodyDigest {
 public:
  BodyDigest() = default;
  virtual ~BodyDigest() = default;
  BodyDigest(const BodyDigest&) = delete;
  BodyDigest& operator=(const BodyDigest&) = delete;
  BodyDigest(BodyDigest&&) = delete;
  BodyDigest& operator=(BodyDigest&&) = delete;

  // Forgets what was added.
  virtual void restart() = 0;
  virtual void add(std::string_view piece) = 0;
  // Of all that was added. Then only restart() may follow.
  [[nodiscard]] virtual Sha256 finish() = 0;
};

using MakeDigest = std::unique_ptr<BodyDigest> (*)();

}  // namespace pear::load

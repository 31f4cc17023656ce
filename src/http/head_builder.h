// HeadBuilder: the head of a request from single fields, as HTTP/2 and HTTP/3 deliver them.
//
// Pseudo-header fields and fields come one by one in the order of the wire; finish() says what they
// mean together, by the same rules as the HTTP/1.1 parser (field_rules.h, request_target.h,
// authority.h).
//
// Source:  RFC 9113, sections 8.2 and 8.3; RFC 9114, sections 4.2 and 4.3; RFC 9220 for :protocol
//          (refused until a site can use it).
//          Stricter: a Host field beside :authority must name the same authority; a second Host or
//          Content-Length is refused even when it agrees with the first.
// Thread:  core-local.
// Memory:  copies of all bytes, up to HeadLimits, in one block that is kept for the next head.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "http/field.h"
#include "http/refusal.h"
#include "http/request_head.h"

namespace pear::http {

class HeadBuilder {
 public:
  // How bad it is. A malformed message ends its stream with the protocol's own error; one that is
  // too large or that Pear does not serve is answered with a status.
  enum class Fault : std::uint8_t { None, Malformed, Answer };

  explicit HeadBuilder(const HeadLimits& limits);

  // Forgets everything: the next head, or the next trailers, begin.
  void begin_head();
  void begin_trailers();
  // After a fault the rest is ignored, so that a header block can be decoded to its end.
  void add(std::string_view name, std::string_view value);

  // All fields have come. `body_follows`: the stream did not end with the head. Gives a head whose
  // views live until the next begin_head().
  enum class Body : std::uint8_t { None, Follows };
  [[nodiscard]] Checked<const RequestHead*> finish(Version version, Body body);
  // The trailers, without those that must not be there (is_forbidden_in_trailers).
  [[nodiscard]] Checked<std::span<const Field>> finish_trailers();
  // Of the refusal that finish() gave.
  [[nodiscard]] Fault fault() const { return fault_; }

 private:
  HeadLimits limits_;
  Fault fault_ = Fault::None;
  // (the implementation's)
};

}  // namespace pear::http

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

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "http/field.h"
#include "http/framing.h"
#include "http/refusal.h"
#include "http/request_head.h"

namespace pear::http {

class HeadBuilder {
 public:
  // How bad it is. A malformed message ends its stream with the protocol's own error; one that is
  // too large or that Pear does not serve is answered with a status.
  enum class Fault : std::uint8_t { None, Malformed, Answer };

  // What a field costs of HeadLimits::header_max beside its name and value: as its line has ": "
  // and CRLF in HTTP/1.
  static constexpr std::size_t kFieldOverhead = 4;

  explicit HeadBuilder(const HeadLimits& limits);

  // For the next head: takes effect with begin_head().
  void set_limits(const HeadLimits& limits) { limits_ = limits; }

  // Forgets everything: the next head, or the next trailers, begin.
  void begin_head();
  void begin_trailers();
  // After a fault the rest is ignored, so that a header block can be decoded to its end.
  void add(std::string_view name, std::string_view value);

  // All fields have come. A body follows where the stream did not end with the head. Gives a head
  // whose views live until the next begin_head().
  using Body = RequestBody;
  [[nodiscard]] Checked<const RequestHead*> finish(Version version, Body body);
  // The trailers, without those that must not be there (is_forbidden_in_trailers).
  [[nodiscard]] Checked<std::span<const Field>> finish_trailers();
  // Of the refusal that finish() gave.
  [[nodiscard]] Fault fault() const { return fault_; }

  // What the block and the lists hold for the next head.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  enum class Part : std::uint8_t { Head, Trailers };
  enum class Pseudo : std::uint8_t { Method, Scheme, Authority, Path };
  static constexpr std::size_t kPseudos = 4;

  // Where bytes lie in the block, which may move while it grows.
  struct Place {
    std::uint32_t at = 0;
    std::uint32_t bytes = 0;
  };
  struct Line {
    Place name;
    Place value;
  };

  void begin(Part part);
  void malformed(StaticText reason);
  void answer(std::uint16_t status, StaticText reason);
  [[nodiscard]] Place store(std::string_view text);
  [[nodiscard]] std::string_view view(Place place) const {
    return {&block_[place.at], place.bytes};
  }
  [[nodiscard]] bool within_limits(std::string_view name, std::string_view value);
  void add_pseudo(std::string_view name, std::string_view value);
  void set_pseudo(Pseudo which, std::string_view value);
  void add_field(std::string_view name, std::string_view value);
  // Takes what says something about the message. False: it must not be among the fields.
  [[nodiscard]] bool take_special(std::string_view name, std::string_view value);

  [[nodiscard]] const std::optional<Place>& pseudo(Pseudo which) const {
    return pseudos_[static_cast<std::size_t>(which)];
  }
  void build_head(Body body);
  void build_target();
  void build_authority();
  void build_framing(Body body);
  void join_cookies();
  void build_fields();

  HeadLimits limits_;
  Fault fault_ = Fault::None;
  Part part_ = Part::Head;
  Refusal refusal_;

  std::unique_ptr<char[]> block_;
  std::size_t block_bytes_ = 0;
  std::size_t used_ = 0;
  std::uint64_t counted_ = 0;  // Against header_max.
  std::uint32_t field_count_ = 0;

  std::array<std::optional<Place>, kPseudos> pseudos_;
  std::vector<Line> lines_;
  std::vector<Field> fields_;  // Made of lines_ at the end, when nothing moves any more.
  std::optional<Place> host_;
  std::optional<std::uint64_t> content_length_;
  std::uint32_t cookies_ = 0;
  bool fields_begun_ = false;
  bool expect_continue_ = false;
  RequestHead head_;
};

}  // namespace pear::http

#include "http/head_builder.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "http/authority.h"
#include "http/field_rules.h"
#include "http/lower_case.h"

namespace pear::http {
namespace {

constexpr std::size_t kBlockBytesMin = 1024;

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

bool same_authority(const Authority& a, const Authority& b, std::string_view scheme) {
  const std::uint16_t port = default_port(scheme);
  return std::ranges::equal(a.host, b.host, {}, to_lower, to_lower) &&
         a.port.value_or(port) == b.port.value_or(port);
}

}  // namespace

HeadBuilder::HeadBuilder(const HeadLimits& limits) : limits_(limits) {}

void HeadBuilder::begin(Part part) {
  part_ = part;
  fault_ = Fault::None;
  used_ = 0;
  counted_ = 0;
  field_count_ = 0;
  pseudos_ = {};
  lines_.clear();
  fields_.clear();
  host_.reset();
  content_length_.reset();
  cookies_ = 0;
  fields_begun_ = false;
  expect_continue_ = false;
}

void HeadBuilder::begin_head() {
  begin(Part::Head);
}

void HeadBuilder::begin_trailers() {
  begin(Part::Trailers);
}

void HeadBuilder::malformed(StaticText reason) {
  if (fault_ != Fault::None) return;
  fault_ = Fault::Malformed;
  refusal_ = {.status = 400, .reason = reason};
}

void HeadBuilder::answer(std::uint16_t status, StaticText reason) {
  if (fault_ != Fault::None) return;
  fault_ = Fault::Answer;
  refusal_ = {.status = status, .reason = reason};
}

std::size_t HeadBuilder::memory_bytes() const {
  return block_bytes_ + lines_.capacity() * sizeof(Line) + fields_.capacity() * sizeof(Field);
}

HeadBuilder::Place HeadBuilder::store(std::string_view text) {
  if (block_bytes_ - used_ < text.size()) {
    const std::size_t bytes = std::max({kBlockBytesMin, block_bytes_ * 2, used_ + text.size()});
    auto grown = std::make_unique_for_overwrite<char[]>(bytes);
    if (used_ > 0) std::memcpy(grown.get(), block_.get(), used_);
    block_ = std::move(grown);
    block_bytes_ = bytes;
  }
  const Place place{.at = static_cast<std::uint32_t>(used_),
                    .bytes = static_cast<std::uint32_t>(text.size())};
  if (!text.empty()) std::memcpy(&block_[used_], text.data(), text.size());
  used_ += text.size();
  return place;
}

// Nothing is stored past the limits, so that what is kept is bounded by them.
bool HeadBuilder::within_limits(std::string_view name, std::string_view value) {
  if (name == ":path" && value.size() > limits_.request_line_max) {
    answer(414, ":path is too long");
    return false;
  }
  counted_ += name.size() + value.size() + kFieldOverhead;
  if (counted_ > limits_.header_max) {
    answer(431, part_ == Part::Head ? StaticText("head of the request is too long")
                                    : StaticText("trailers are too long"));
    return false;
  }
  return true;
}

void HeadBuilder::add(std::string_view name, std::string_view value) {
  if (fault_ != Fault::None) return;
  if (!within_limits(name, value)) return;
  if (name.starts_with(':')) return add_pseudo(name, value);
  fields_begun_ = true;
  // The pieces of a Cookie are one field once they are joined, bounded by their bytes alone.
  const bool joins = part_ == Part::Head && cookies_ > 0 && name == "cookie";
  if (!joins && ++field_count_ > limits_.fields_max) return answer(431, "too many fields");
  add_field(name, value);
}

void HeadBuilder::add_pseudo(std::string_view name, std::string_view value) {
  if (part_ == Part::Trailers) return malformed("pseudo-header field in trailers");
  if (fields_begun_) return malformed("pseudo-header field after a field");
  if (name == ":method") return set_pseudo(Pseudo::Method, value);
  if (name == ":scheme") return set_pseudo(Pseudo::Scheme, value);
  if (name == ":authority") return set_pseudo(Pseudo::Authority, value);
  if (name == ":path") return set_pseudo(Pseudo::Path, value);
  if (name == ":protocol") return answer(501, "extended CONNECT is not supported");
  malformed("unknown pseudo-header field");
}

void HeadBuilder::set_pseudo(Pseudo which, std::string_view value) {
  std::optional<Place>& place = pseudos_[static_cast<std::size_t>(which)];
  if (place) return malformed("pseudo-header field twice");
  if (value.empty()) return malformed("empty pseudo-header field");
  place = store(value);
}

void HeadBuilder::add_field(std::string_view name, std::string_view value) {
  if (!is_lower_token(name)) return malformed("name of a field is not a token in lower case");
  if (!is_field_value(value)) return malformed("byte that a field value may not contain");
  if (is_connection_specific({.name = name, .value = value})) {
    return malformed("field about the connection");
  }
  if (part_ == Part::Trailers) {
    if (is_forbidden_in_trailers(name)) return;
  } else if (!take_special(name, value)) {
    return;
  }
  const Place stored_name = store(name);
  const Place stored_value = store(value);
  lines_.push_back({.name = stored_name, .value = stored_value});
  if (name == "host" && part_ == Part::Head) host_ = stored_value;
}

bool HeadBuilder::take_special(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (name == "host" && host_) {
        malformed("more than one Host");
        return false;
      }
      return true;
    case 6:
      if (name == "cookie") ++cookies_;
      if (name == "expect") {
        if (!equals_lower(value, "100-continue")) {
          answer(417, "expectation that is not known");
          return false;
        }
        expect_continue_ = true;
      }
      return true;
    case 14:
      if (name == "content-length") {
        if (content_length_) {
          malformed("more than one Content-Length");
          return false;
        }
        const auto length = parse_content_length(value);
        if (!length) {
          malformed("malformed Content-Length");
          return false;
        }
        content_length_ = *length;
      }
      return true;
    default:
      return true;
  }
}

Checked<const RequestHead*> HeadBuilder::finish(Version version, Body body) {
  PEAR_ASSERT(part_ == Part::Head, "begin_head() comes before finish()");
  head_ = {};
  head_.version = version;
  if (fault_ == Fault::None) build_head(body);
  if (fault_ != Fault::None) return std::unexpected(refusal_);
  return &head_;
}

Checked<std::span<const Field>> HeadBuilder::finish_trailers() {
  PEAR_ASSERT(part_ == Part::Trailers, "begin_trailers() comes before finish_trailers()");
  if (fault_ != Fault::None) return std::unexpected(refusal_);
  build_fields();
  return std::span<const Field>(fields_);
}

void HeadBuilder::build_head(Body body) {
  if (!pseudo(Pseudo::Method)) return malformed("no :method");
  const std::string_view method = view(*pseudo(Pseudo::Method));
  if (!is_token(method)) return malformed("malformed :method");
  if (method.size() > kMethodBytesMax) return answer(501, "method is not implemented");
  head_.method_text = method;
  head_.method = method_of(method);
  if (head_.method == Method::Connect) return answer(501, "CONNECT is not supported");
  join_cookies();  // The last that moves the block.
  head_.method_text = view(*pseudo(Pseudo::Method));
  build_target();
  if (fault_ == Fault::None) build_authority();
  if (fault_ == Fault::None) build_framing(body);
  if (fault_ == Fault::None) build_fields();
  head_.fields = fields_;
}

void HeadBuilder::build_target() {
  if (!pseudo(Pseudo::Scheme)) return malformed("no :scheme");
  if (!pseudo(Pseudo::Path)) return malformed("no :path");
  const std::string_view scheme = view(*pseudo(Pseudo::Scheme));
  if (equals_lower(scheme, "https")) {
    head_.scheme = "https";
  } else if (equals_lower(scheme, "http")) {
    head_.scheme = "http";
  } else {
    return malformed(":scheme is not http or https");
  }
  const std::string_view path = view(*pseudo(Pseudo::Path));
  head_.target = path;
  head_.path_with_query = path;
  if (path == "*" && head_.method == Method::Options) {
    head_.target_form = TargetForm::Asterisk;
    head_.path = path;
    return;
  }
  PathAndQuery parts;
  if (const auto parsed = parse_path_and_query(path, &parts); !parsed) {
    return malformed(parsed.error().reason);
  }
  head_.path = parts.path;
  head_.query = parts.query;
  head_.has_query = parts.has_query;
}

void HeadBuilder::build_authority() {
  const std::optional<Place>& named = pseudo(Pseudo::Authority);
  if (!named && !host_) return malformed("neither :authority nor Host");
  const Place place = named ? *named : *host_;
  Authority authority;
  if (const auto parsed = parse_authority(view(place), &authority); !parsed) {
    return malformed(parsed.error().reason);
  }
  if (named && host_) {
    Authority from_host;
    if (const auto parsed = parse_authority(view(*host_), &from_host); !parsed) {
      return malformed(parsed.error().reason);
    }
    if (!same_authority(authority, from_host, head_.scheme)) {
      return malformed("Host differs from :authority");
    }
  }
  make_lower_case({&block_[place.at], place.bytes});
  head_.authority = view(place);
  head_.host = authority.host;
  head_.port = authority.port;
}

void HeadBuilder::build_framing(Body body) {
  if (body == Body::None) {
    if (content_length_.value_or(0) != 0) malformed("Content-Length without a body");
    return;
  }
  head_.expect_continue = expect_continue_;
  head_.framing = content_length_ ? Framing::Length : Framing::Chunked;
  head_.content_length = content_length_.value_or(0);
}

// A client may send each cookie as a field of its own, as that compresses better; whoever reads
// them expects one (RFC 9113, section 8.2.3). It stands where the first was.
void HeadBuilder::join_cookies() {
  if (cookies_ < 2) return;
  const auto is_cookie = [this](const Line& line) { return view(line.name) == "cookie"; };
  std::size_t bytes = 0;
  for (const Line& line : lines_) {
    if (is_cookie(line)) bytes += line.value.bytes + 2;
  }
  // Room for all at once: store() of a view into the block must not move it.
  if (block_bytes_ - used_ < bytes) {
    const std::size_t before = used_;
    auto grown = std::make_unique_for_overwrite<char[]>(block_bytes_ + bytes);
    std::memcpy(grown.get(), block_.get(), before);
    block_ = std::move(grown);
    block_bytes_ += bytes;
  }
  Place joined{.at = static_cast<std::uint32_t>(used_), .bytes = 0};
  std::optional<std::size_t> first;
  std::size_t kept = 0;
  for (const Line line : lines_) {
    if (is_cookie(line)) {
      if (first) joined.bytes += store("; ").bytes;
      joined.bytes += store(view(line.value)).bytes;
      if (first) continue;
      first = kept;
    }
    lines_[kept++] = line;
  }
  lines_.resize(kept);
  lines_[*first].value = joined;
}

void HeadBuilder::build_fields() {
  fields_.reserve(lines_.size());
  for (const Line& line : lines_) {
    fields_.push_back({.name = view(line.name), .value = view(line.value)});
  }
}

}  // namespace pear::http

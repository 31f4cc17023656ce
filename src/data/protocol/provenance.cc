#include "data/protocol/provenance.h"

#include <algorithm>

#include "http/field_rules.h"
#include "http/request_field_rules.h"

namespace pear::data::protocol {

using http::BelievedField;
using http::Field;

namespace {

BelievedField believed(config::ForwardedField field) {
  switch (field) {
    case config::ForwardedField::Auto:
      return BelievedField::Either;
    case config::ForwardedField::XForwardedFor:
      return BelievedField::XForwardedFor;
    case config::ForwardedField::Forwarded:
      return BelievedField::Forwarded;
  }
  return BelievedField::Either;
}

constexpr std::string_view kComma = ", ";

}  // namespace

Provenance::Provenance(std::span<const Field> fields, const net::IpAddress& peer,
                       const config::ServerSettings& settings, const net::IpPrefixSet& trusted)
    : peer_(peer), trusted_(trusted.contains(peer)), said_{.address = peer} {
  if (!trusted_) return;
  said_ = http::forwarded_client(fields, peer, trusted, believed(settings.forwarded_field));
}

bool Provenance::hides(const Field& field) const {
  switch (http::request_field_rule(field.name)) {
    case http::RequestFieldRule::Anybody:
      return false;
    case http::RequestFieldRule::Connection:
      return http::is_connection_specific(field) || field.name != "te";
    case http::RequestFieldRule::Edge:
      return true;
    case http::RequestFieldRule::Proxy:
      break;
  }
  if (!trusted_) return true;
  // Written anew, or of the list that was not believed.
  return field.name == http::kXForwardedFor || field.name == http::kXForwardedProto ||
         (field.name == http::kForwarded && !said_.by_forwarded);
}

// The list that was believed and the peer; or the client, where another list named it, and the
// peer.
std::optional<std::string_view> Provenance::chain(std::span<const Field> fields,
                                                  std::string_view client_text,
                                                  base::Arena& arena) const {
  const bool named = said_.address != peer_;
  if (!said_.by_x_forwarded_for && !named) return client_text;
  const net::IpAddress::Text peer = peer_.text();
  const auto each = [&](const auto& visit) {
    bool any = false;
    for (const Field& field : fields) {
      if (!said_.by_x_forwarded_for || field.name != http::kXForwardedFor) continue;
      if (field.value.empty()) continue;
      any = true;
      visit(field.value);
      visit(kComma);
    }
    if (!any && named) {
      visit(client_text);
      visit(kComma);
    }
    visit(peer.view());
  };
  std::size_t bytes = 0;
  each([&](std::string_view part) { bytes += part.size(); });
  auto* const begin = static_cast<char*>(arena.alloc(bytes, 1));
  if (begin == nullptr) return std::nullopt;
  char* end = begin;
  each([&](std::string_view part) { end = std::ranges::copy(part, end).out; });
  return std::string_view(begin, bytes);
}

std::span<const Field> Provenance::added(std::span<const Field> fields,
                                         std::string_view client_text, std::string_view scheme,
                                         base::Arena& arena) {
  const auto way = chain(fields, client_text, arena);
  if (!way) return {};
  added_ = {Field{.name = http::kXForwardedFor, .value = *way},
            Field{.name = http::kXForwardedProto, .value = scheme}};
  return added_;
}

}  // namespace pear::data::protocol

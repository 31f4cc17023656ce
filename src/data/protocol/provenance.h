// Provenance: whom a request is from, and what its guest is told of the way it came.
//
// From a trusted proxy the client is whom the proxy names, and the guest sees the proxy's fields;
// from anybody else the client is the peer, and what it writes into such fields is removed. In both
// cases the guest finds the way to Pear in x-forwarded-for, the peer at its end, and in
// x-forwarded-proto the scheme by which the client asked.
//
// Thread: core-local.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/net/ip_address.h"
#include "base/net/ip_prefix.h"
#include "config/settings.h"
#include "http/field.h"
#include "http/forwarded.h"

namespace pear::data::protocol {

class Provenance {
 public:
  // Fields that it adds to a request.
  static constexpr std::size_t kFieldsMax = 2;

  // `fields` of the head, as they came.
  Provenance(std::span<const http::Field> fields, const net::IpAddress& peer,
             const config::ServerSettings& settings, const net::IpPrefixSet& trusted);

  [[nodiscard]] const net::IpAddress& client() const { return said_.address; }
  // "http" or "https"; `own` is that of the connection, where nobody who is trusted says another.
  [[nodiscard]] std::string_view scheme(std::string_view own) const {
    return said_.scheme.empty() ? own : said_.scheme;
  }
  // Whether the guest does not see this field (http/request_field_rules.h), of whatever fields are
  // named by Connection.
  [[nodiscard]] bool hides(const http::Field& field) const;
  // The fields that it sees instead, texts in `arena`; fewer than kFieldsMax: no room.
  // `client_text` is client() as text, in the arena too.
  [[nodiscard]] std::span<const http::Field> added(std::span<const http::Field> fields,
                                                   std::string_view client_text,
                                                   std::string_view scheme, base::Arena& arena);

 private:
  [[nodiscard]] std::optional<std::string_view> chain(std::span<const http::Field> fields,
                                                      std::string_view client_text,
                                                      base::Arena& arena) const;

  net::IpAddress peer_;
  bool trusted_;  // The peer is.
  http::ForwardedClient said_;
  std::array<http::Field, kFieldsMax> added_{};
};

}  // namespace pear::data::protocol

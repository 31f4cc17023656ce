// read_ocsp_response: whether a file is an OCSP response about a certificate, before it is stapled.
//
// It is not verified: clients do that, and refuse a wrong one as they refuse a wrong certificate.
//
// Source: RFC 6960, section 4.2.1.
// Thread: any.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/base.h>

#include "base/time.h"

namespace pear::io::tls {

struct OcspResponse {
  std::optional<WallTime> next_update;  // When it is out of date.
};

// Errors: the end of a sentence about the file.
[[nodiscard]] std::expected<OcspResponse, std::string> read_ocsp_response(std::string_view der,
                                                                          const X509& certificate);

}  // namespace pear::io::tls

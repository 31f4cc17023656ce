#include "io/tls/ocsp_response.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/x509.h>

namespace pear::io::tls {
namespace {

constexpr CBS_ASN1_TAG context_tag(unsigned number) {
  return CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC | number;
}

// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
constexpr std::array<std::uint8_t, 9> kBasic{0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};

bool skip(CBS& from, CBS_ASN1_TAG tag) {
  return CBS_get_asn1(&from, nullptr, tag) == 1;
}

// Of an OCSPResponse: the list of SingleResponses.
std::expected<CBS, std::string> responses_of(std::string_view der) {
  const std::string malformed = "is no OCSP response in DER; fetch it with `openssl ocsp -respout`";
  CBS whole;
  CBS_init(&whole, reinterpret_cast<const std::uint8_t*>(der.data()), der.size());
  CBS response;
  CBS status;
  if (CBS_get_asn1(&whole, &response, CBS_ASN1_SEQUENCE) != 1 || CBS_len(&whole) != 0 ||
      CBS_get_asn1(&response, &status, CBS_ASN1_ENUMERATED) != 1 || CBS_len(&status) != 1) {
    return std::unexpected(malformed);
  }
  if (CBS_data(&status)[0] != 0) {
    return std::unexpected("is an OCSP error message; fetch the response again");
  }
  CBS explicit_bytes;
  CBS bytes;
  CBS type;
  CBS octets;
  CBS basic;
  CBS data;
  if (CBS_get_asn1(&response, &explicit_bytes, context_tag(0)) != 1 ||
      CBS_get_asn1(&explicit_bytes, &bytes, CBS_ASN1_SEQUENCE) != 1 ||
      CBS_get_asn1(&bytes, &type, CBS_ASN1_OBJECT) != 1 ||
      CBS_mem_equal(&type, kBasic.data(), kBasic.size()) != 1 ||
      CBS_get_asn1(&bytes, &octets, CBS_ASN1_OCTETSTRING) != 1 ||
      CBS_get_asn1(&octets, &basic, CBS_ASN1_SEQUENCE) != 1 ||
      CBS_get_asn1(&basic, &data, CBS_ASN1_SEQUENCE) != 1) {
    return std::unexpected(malformed);
  }
  if (CBS_peek_asn1_tag(&data, context_tag(0)) == 1 && !skip(data, context_tag(0))) {
    return std::unexpected(malformed);
  }
  const unsigned responder = CBS_peek_asn1_tag(&data, context_tag(1)) == 1 ? 1 : 2;
  CBS responses;
  if (!skip(data, context_tag(responder)) || !skip(data, CBS_ASN1_GENERALIZEDTIME) ||
      CBS_get_asn1(&data, &responses, CBS_ASN1_SEQUENCE) != 1) {
    return std::unexpected(malformed);
  }
  return responses;
}

std::optional<WallTime> next_update_of(CBS& single) {
  CBS explicit_time;
  CBS text;
  if (CBS_get_asn1(&single, &explicit_time, context_tag(0)) != 1 ||
      CBS_get_asn1(&explicit_time, &text, CBS_ASN1_GENERALIZEDTIME) != 1) {
    return std::nullopt;
  }
  const bssl::UniquePtr<ASN1_TIME> time(ASN1_GENERALIZEDTIME_new());
  std::int64_t seconds = 0;
  if (time == nullptr ||
      ASN1_STRING_set(time.get(), CBS_data(&text), static_cast<ossl_ssize_t>(CBS_len(&text))) !=
          1 ||
      ASN1_TIME_to_posix(time.get(), &seconds) != 1) {
    return std::nullopt;
  }
  return WallTime(std::chrono::seconds(std::min<std::int64_t>(seconds, 9'000'000'000)));
}

}  // namespace

std::expected<OcspResponse, std::string> read_ocsp_response(std::string_view der,
                                                            const X509& certificate) {
  auto responses = responses_of(der);
  if (!responses) return std::unexpected(std::move(responses).error());
  std::uint8_t* serial = nullptr;
  const int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(&certificate), &serial);
  const bssl::UniquePtr<std::uint8_t> owned_serial(serial);
  if (serial_size <= 0) return std::unexpected("cannot be compared with the certificate");

  while (CBS_len(&*responses) > 0) {
    CBS single;
    CBS id;
    CBS number;
    if (CBS_get_asn1(&*responses, &single, CBS_ASN1_SEQUENCE) != 1 ||
        CBS_get_asn1(&single, &id, CBS_ASN1_SEQUENCE) != 1 || !skip(id, CBS_ASN1_SEQUENCE) ||
        !skip(id, CBS_ASN1_OCTETSTRING) || !skip(id, CBS_ASN1_OCTETSTRING) ||
        CBS_get_asn1_element(&id, &number, CBS_ASN1_INTEGER) != 1 ||
        CBS_get_any_asn1_element(&single, nullptr, nullptr, nullptr) != 1 ||
        !skip(single, CBS_ASN1_GENERALIZEDTIME)) {
      return std::unexpected("is a damaged OCSP response; fetch it again");
    }
    if (CBS_mem_equal(&number, serial, static_cast<std::size_t>(serial_size)) == 1) {
      return OcspResponse{.next_update = next_update_of(single)};
    }
  }
  return std::unexpected("is the OCSP response for another certificate; fetch the one for this");
}

}  // namespace pear::io::tls

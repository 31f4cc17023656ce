#include "io/tls/certificate_names.h"

#include <algorithm>
#include <array>
#include <memory>

#include <arpa/inet.h>

#include <openssl/bio.h>
#include <openssl/mem.h>
#include <openssl/x509.h>

namespace pear::io::tls {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string address_text(int family, const void* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(family, bytes, text.data(), text.size()) == nullptr) return {};
  return family == AF_INET6 ? '[' + std::string(text.data()) + ']' : std::string(text.data());
}

// Empty when the text is no address.
std::string parse_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return address_text(AF_INET, bytes.data());
  }
  std::string inner = text;
  if (inner.size() > 2 && inner.front() == '[' && inner.back() == ']') {
    inner = inner.substr(1, inner.size() - 2);
  }
  if (::inet_pton(AF_INET6, inner.c_str(), bytes.data()) == 1) {
    return address_text(AF_INET6, bytes.data());
  }
  return {};
}

std::string name_text(const GENERAL_NAME& name) {
  if (name.type == GEN_DNS) {
    const ASN1_IA5STRING* const text = name.d.dNSName;
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                 static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (bytes.find('\0') != std::string_view::npos) return {};
    const std::string canonical = canonical_host(bytes);
    return can_stand_for_a_host(canonical) && !is_address(canonical) ? canonical : std::string();
  }
  if (name.type == GEN_IPADD) {
    const ASN1_OCTET_STRING* const address = name.d.iPAddress;
    const int size = ASN1_STRING_length(address);
    if (size == 4) return address_text(AF_INET, ASN1_STRING_get0_data(address));
    if (size == 16) return address_text(AF_INET6, ASN1_STRING_get0_data(address));
  }
  return {};
}

}  // namespace

std::string canonical_host(std::string_view host) {
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  std::string text(host);
  std::ranges::transform(text, text.begin(), lower);
  if (text.find('\0') != std::string::npos) return text;
  const std::string address = parse_address(text);
  return address.empty() ? text : address;
}

bool is_address(std::string_view canonical_host) {
  if (canonical_host.starts_with('[')) return true;
  std::array<char, INET_ADDRSTRLEN> text{};
  if (canonical_host.size() >= text.size()) return false;
  std::ranges::copy(canonical_host, text.begin());
  std::array<unsigned char, 4> bytes{};
  return ::inet_pton(AF_INET, text.data(), bytes.data()) == 1;
}

bool is_wildcard(std::string_view name) {
  return name.size() > 2 && name.starts_with("*.");
}

bool can_stand_for_a_host(std::string_view name) {
  if (is_wildcard(name)) name.remove_prefix(2);
  return !name.empty() && name.size() <= 253 && name.front() != '.' &&
         name.find("..") == std::string_view::npos && std::ranges::all_of(name, is_host_byte);
}

bool name_covers(std::string_view name, std::string_view host) {
  if (name == host) return !is_wildcard(name);
  if (!is_wildcard(name) || is_address(host)) return false;
  const std::size_t dot = host.find('.');
  if (dot == 0 || dot == std::string_view::npos) return false;
  return host.substr(dot) == name.substr(1);
}

std::vector<std::string> names_of(const X509& certificate) {
  const bssl::UniquePtr<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  if (all == nullptr) return names;
  for (std::size_t i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    std::string text = name_text(*sk_GENERAL_NAME_value(all.get(), i));
    if (!text.empty()) names.push_back(std::move(text));
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  return names;
}

std::string subject_text(const X509& certificate) {
  const bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  if (out == nullptr ||
      X509_NAME_print_ex(out.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253) < 0) {
    return {};
  }
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (BIO_mem_contents(out.get(), &bytes, &size) != 1) return {};
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace pear::io::tls

// The certificates of [server], as a compound setting.
#include <array>
#include <optional>

#include <fmt/format.h>

#include "config/compound.h"
#include "config/items.h"
#include "config/problem.h"

namespace pear::config {
namespace {

constexpr std::size_t kCertificatesMax = 10'000;
constexpr std::string_view kForm = R"({ chain = "site.pem", key = "site.key" })";

// Nothing after a refusal; an empty path where the entry is missing.
std::optional<std::filesystem::path> read_path(const ItemsView& items, std::size_t i,
                                               std::string_view name, const Reading& reading) {
  const Value* const value = find(*(*items)[i].get<Table>(), name);
  if (value == nullptr) return std::filesystem::path();
  const auto* const text = value->get<std::string>();
  if (text == nullptr || text->empty() || has_nul(*text)) {
    items.refuse(i, fmt::format("{} must be the path of a file, in quotes", name),
                 std::string(kForm));
    return std::nullopt;
  }
  return (reading.folder / *text).lexically_normal();
}

std::optional<CertificateSettings> read_certificate(const ItemsView& items, std::size_t i,
                                                    Reading& reading) {
  constexpr std::array<std::string_view, 3> kKnown{"chain", "key", "ocsp"};
  const auto* const table = (*items)[i].get<Table>();
  if (table == nullptr) {
    items.refuse(i, fmt::format("must be a table, not {}", kind_of((*items)[i])),
                 std::string(kForm));
    return std::nullopt;
  }
  refuse_unknown(*table, kKnown, fmt::format("[{}]", i), reading);
  const auto chain = read_path(items, i, "chain", reading);
  const auto key = read_path(items, i, "key", reading);
  const auto ocsp = read_path(items, i, "ocsp", reading);
  if (!chain || !key || !ocsp) return std::nullopt;
  if (chain->empty() || key->empty()) {
    items.refuse(i,
                 chain->empty() ? "needs a chain: the file of the certificate"
                                : "needs a key: the file of the private key",
                 std::string(kForm));
    return std::nullopt;
  }
  return CertificateSettings{.chain = *chain, .key = *key, .ocsp = *ocsp};
}

}  // namespace

Value get_certificates(Target target) {
  Array items;
  for (const CertificateSettings& certificate : target.server.certificates) {
    Table table;
    const auto add = [&](std::string_view name, const std::filesystem::path& path) {
      if (path.empty()) return;
      table.push_back({.key = std::string(name), .at = {}, .value = text_value(path.string())});
    };
    add("chain", certificate.chain);
    add("key", certificate.key);
    add("ocsp", certificate.ocsp);
    items.push_back({.content = std::move(table), .at = {}});
  }
  return {.content = std::move(items), .at = {}};
}

void set_certificates(Target target, const Value& value, Reading& reading) {
  const ItemsView items(value, reading, kCertificatesMax);
  if (items.refused()) return;
  const std::size_t refused_before = reading.refusals.size();
  std::vector<CertificateSettings> certificates;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    if (auto certificate = read_certificate(items, i, reading)) {
      certificates.push_back(*std::move(certificate));
    }
  }
  if (reading.refusals.size() == refused_before) {
    target.server.certificates = std::move(certificates);
  }
}

}  // namespace pear::config

#include "io/tls/server_contexts.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "io/tls/certificate_file.h"
#include "io/tls/certificate_names.h"
#include "io/tls/client_policy.h"
#include "io/tls/server_parts.h"
#include "io/tls/ticket_keys.h"

namespace pear::io::tls {
namespace {

struct Group {
  std::vector<std::string> names;
  std::vector<Certificate> certificates;
};

// In the order of the configuration; what stands for the same names comes together.
std::vector<Group> grouped(std::vector<Certificate> certificates, Findings& findings) {
  std::vector<Group> groups;
  for (Certificate& certificate : certificates) {
    auto group = std::ranges::find(groups, certificate.names, &Group::names);
    if (group == groups.end()) {
      groups.push_back({.names = certificate.names});
      group = groups.end() - 1;
    }
    const auto twin = std::ranges::find(group->certificates, certificate.kind, &Certificate::kind);
    if (twin != group->certificates.end()) {
      findings.warn(
          certificate.file,
          fmt::format("is never used: {} is for the same names and has a key of the same kind.",
                      twin->file.native()));
      continue;
    }
    group->certificates.push_back(std::move(certificate));
  }
  for (Group& group : groups) std::ranges::sort(group.certificates, {}, &Certificate::kind);
  return groups;
}

bssl::UniquePtr<SSL_CTX> context_of(const Group& group) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return nullptr;
  for (const Certificate& certificate : group.certificates) {
    const auto credential = credential_of(certificate);
    if (credential == nullptr || SSL_CTX_add1_credential(context.get(), credential.get()) != 1) {
      return nullptr;
    }
  }
  return context;
}

void read_authorities(const ClientRule& rule, ClientPolicy& policy, Findings& findings) {
  if (rule.authorities.empty()) {
    findings.problems.push_back(
        {.file = {},
         .text = "A rule asks clients for certificates without naming the file of the authorities "
                 "that may have signed them."});
    return;
  }
  policy.authorities.reset(X509_STORE_new());
  PEAR_ASSERT(policy.authorities != nullptr, "out of memory");
  // The file may name an authority in the middle of a chain.
  X509_STORE_set_flags(policy.authorities.get(), X509_V_FLAG_PARTIAL_CHAIN);
  SHA256_CTX hash;
  SHA256_Init(&hash);
  for (const auto& certificate : read_certificates(rule.authorities, findings)) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> one{};
    unsigned size = 0;
    X509_digest(certificate.get(), EVP_sha256(), one.data(), &size);
    SHA256_Update(&hash, one.data(), one.size());
    X509_STORE_add_cert(policy.authorities.get(), certificate.get());
    std::uint8_t* name = nullptr;
    const int name_size = i2d_X509_NAME(X509_get_subject_name(certificate.get()), &name);
    const bssl::UniquePtr<std::uint8_t> owned(name);
    if (name_size > 0) {
      policy.authority_names.emplace_back(
          CRYPTO_BUFFER_new(name, static_cast<std::size_t>(name_size), nullptr));
    }
  }
  SHA256_Final(policy.digest.data(), &hash);
}

std::vector<ClientPolicy> read_policies(const std::vector<ClientRule>& rules, Findings& findings) {
  std::vector<ClientPolicy> policies;
  for (const ClientRule& rule : rules) {
    ClientPolicy& policy = policies.emplace_back();
    policy.check = rule.check;
    for (const std::string& host : rule.hosts) policy.hosts.push_back(canonical_host(host));
    if (rule.check != ClientCheck::Off) read_authorities(rule, policy, findings);
  }
  return policies;
}

}  // namespace

bool ServerContexts::Parts::add(bssl::UniquePtr<SSL_CTX> context, Version version_min) {
  if (context == nullptr ||
      !Session::configure(*context, version_min, Version::Tls13, CertificateCompression::Use)) {
    return false;
  }
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_select_certificate_cb(context.get(), &on_client_hello);
  SSL_CTX_set_alpn_select_cb(context.get(), &on_alpn, nullptr);
  SSL_CTX_set_tlsext_ticket_key_cb(context.get(), &on_ticket);
  contexts.push_back(std::move(context));
  return true;
}

// The first to name a host has it.
void ServerContexts::Parts::index_names(Findings& findings) {
  for (std::size_t i = 0; i < sets.size(); ++i) {
    bool reached = i == 0;
    for (const std::string& name : sets[i]->names()) {
      if (set_of_name.emplace(name, i).second) reached = true;
    }
    if (!reached) {
      findings.warn(sets[i]->members().front().chain,
                    "is never used: certificates before it stand for all of its names.");
    }
  }
}

bool ServerContexts::Parts::differ_from(const Parts& other) const {
  const bool same_rules = std::ranges::equal(policies, other.policies, {}, &ClientPolicy::digest,
                                             &ClientPolicy::digest);
  if (!same_rules || read.size() != other.read.size()) return true;
  return std::ranges::any_of(read, [&](const auto& entry) {
    const auto before = other.read.find(entry.first);
    return before == other.read.end() ||
           X509_cmp(entry.second.chain.front().get(), before->second.chain.front().get()) != 0;
  });
}

ServerContexts::Loaded ServerContexts::load(const ContextOptions& options, WallTime now,
                                            const ServerContexts* in_force) {
  Findings findings;
  auto parts = std::make_unique<Parts>();
  parts->http2 = options.http2;
  parts->strikes = options.strikes;
  parts->tickets = options.tickets != nullptr ? options.tickets : TicketKeys::in_process();
  parts->policies = read_policies(options.clients, findings);
  const bool rules_are_whole = findings.problems.empty();
  if (options.certificates.empty()) {
    findings.problems.push_back(
        {.file = {}, .text = "TLS needs a certificate: name the files of its chain and its key."});
  }
  std::vector<Certificate> certificates;
  for (const CertificateFiles& files : options.certificates) {
    auto certificate = read_certificate(files, CertificateUse::Server, now, findings);
    if (!certificate && in_force != nullptr) {
      const auto before = in_force->parts_->read.find(files.chain);
      if (before != in_force->parts_->read.end()) certificate = copy_of(before->second);
    }
    if (!certificate) continue;
    parts->read.emplace(files.chain, copy_of(*certificate));
    certificates.push_back(*std::move(certificate));
  }
  for (Group& group : grouped(std::move(certificates), findings)) {
    auto set = std::make_unique<CertificateSet>();
    set->names_ = group.names;
    for (const Certificate& certificate : group.certificates) {
      set->members_.push_back({.chain = certificate.file,
                               .key_kind = certificate.key_kind,
                               .expires = certificate.expires});
    }
    if (!parts->add(context_of(group), options.version_min)) {
      ERR_clear_error();
      findings.refuse(group.certificates.front().file,
                      "cannot be used for TLS; is its key meant for signatures?");
      continue;
    }
    parts->sets.push_back(std::move(set));
  }
  parts->index_names(findings);
  Loaded loaded{.problems = std::move(findings.problems), .warnings = std::move(findings.warnings)};
  loaded.changed = in_force == nullptr || parts->differ_from(*in_force->parts_);
  if (rules_are_whole && !parts->sets.empty()) {
    loaded.contexts = std::make_shared<const ServerContexts>(std::move(parts));
  }
  return loaded;
}

std::shared_ptr<const ServerContexts> ServerContexts::refusing() {
  auto parts = std::make_unique<Parts>();
  parts->tickets = TicketKeys::in_process();
  const bool made =
      parts->add(bssl::UniquePtr<SSL_CTX>(SSL_CTX_new(TLS_server_method())), Version::Tls12);
  PEAR_ASSERT(made, "out of memory");
  return std::make_shared<const ServerContexts>(std::move(parts));
}

ServerContexts::ServerContexts(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ServerContexts::~ServerContexts() = default;

ssl_st* ServerContexts::open_ssl() const {
  return SSL_new(parts_->contexts.front().get());
}

std::span<const std::unique_ptr<const CertificateSet>> ServerContexts::sets() const {
  return parts_->sets;
}

std::vector<Finding> ServerContexts::expiry_warnings(WallTime now) const {
  Findings findings;
  for (const auto& set : parts_->sets) {
    for (const CertificateSet::Member& member : set->members()) {
      warn_of_expiry(member.chain, member.expires, now, findings);
    }
  }
  return std::move(findings.warnings);
}

bool ServerContexts::takes_early_data() const {
  return parts_->strikes != nullptr;
}

bool ServerContexts::covers(const HandshakeFacts& facts, std::string_view host) const {
  if (facts.certificates == nullptr || !facts.certificates->stands_for(host)) return false;
  if (parts_->policies.empty()) return true;
  const ClientPolicy* const wanted = parts_->policy_for(canonical_host(host));
  if (wanted == nullptr || wanted->check == ClientCheck::Off) return true;
  // The connection may be of earlier contexts: authorities count by what they are.
  const ClientPolicy* const met = facts.policy;
  if (met == nullptr || met->digest != wanted->digest) return false;
  return wanted->check == ClientCheck::Optional || facts.client_subject != nullptr;
}

}  // namespace pear::io::tls

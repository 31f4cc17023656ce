#include "io/tls/client_context.h"

#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "io/tls/certificate_file.h"
#include "io/tls/certificate_names.h"

namespace pear::io::tls {

struct ClientContext::Parts {
  bssl::UniquePtr<SSL_CTX> context;
  ClientOptions::Verify verify{};
  ClientOptions::Resume resume{};
  std::string ticket_name;  // Of the server that gave the ticket.
  bssl::UniquePtr<SSL_SESSION> ticket;
};

namespace {

// With its length before it, as ALPN has it.
std::string_view wire_name(Application application) {
  using namespace std::string_view_literals;
  switch (application) {
    case Application::None:
      return {};
    case Application::Http11:
      return "\x08http/1.1"sv;
    case Application::Http2:
      return "\x02h2"sv;
    case Application::Http3:
      return "\x02h3"sv;
  }
  return {};
}

// Not what SSL_CERT_FILE says: the environment does not decide whom Pear trusts.
std::filesystem::path system_roots() {
  std::error_code ignored;
  const std::filesystem::path red_hat = "/etc/pki/tls/certs/ca-bundle.crt";
  if (std::filesystem::exists(red_hat, ignored)) return red_hat;
  return "/etc/ssl/certs/ca-certificates.crt";
}

void trust(const std::filesystem::path& file, SSL_CTX& context, Findings& findings) {
  for (const auto& certificate : read_certificates(file, findings)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), certificate.get());
  }
}

void choose_trust(const ClientOptions& options, SSL_CTX& context, Findings& findings) {
  switch (options.verify) {
    case ClientOptions::Verify::Off:
      return;
    case ClientOptions::Verify::SystemRoots:
      trust(system_roots(), context, findings);
      break;
    case ClientOptions::Verify::Authorities:
      trust(options.authorities, context, findings);
      break;
  }
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
}

void show_certificate(const CertificateFiles& files, WallTime now, SSL_CTX& context,
                      Findings& findings) {
  const auto certificate = read_certificate(files, CertificateUse::Client, now, findings);
  if (!certificate) return;
  const auto credential = credential_of(*certificate);
  if (credential == nullptr || SSL_CTX_add1_credential(&context, credential.get()) != 1) {
    findings.problems.push_back(fmt::format("{}: cannot be used for TLS.", files.chain.native()));
  }
}

}  // namespace

ClientContext::Loaded ClientContext::load(const ClientOptions& options, WallTime now) {
  Loaded loaded;
  Findings findings;
  auto parts = std::make_unique<Parts>();
  parts->verify = options.verify;
  parts->resume = options.resume;
  parts->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = parts->context.get();
  bool whole = context != nullptr && Session::configure(*context, options.version_min,
                                                        options.version_max, options.compression);
  if (whole) {
    choose_trust(options, *context, findings);
    if (options.certificate) show_certificate(*options.certificate, now, *context, findings);
    std::string protocols;
    for (const Application application : options.applications) protocols += wire_name(application);
    // Zero is success.
    whole =
        SSL_CTX_set_alpn_protos(context, reinterpret_cast<const std::uint8_t*>(protocols.data()),
                                protocols.size()) == 0;
    const auto& algorithms = options.signature_algorithms;
    if (!algorithms.empty()) {
      whole = whole && SSL_CTX_set_verify_algorithm_prefs(context, algorithms.data(),
                                                          algorithms.size()) == 1;
    }
    if (options.resume == ClientOptions::Resume::LastTicket) {
      SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
      SSL_CTX_sess_set_new_cb(context, &on_ticket);
    }
  }
  ERR_clear_error();
  if (!whole) findings.problems.emplace_back("The options of the TLS client do not go together.");
  loaded.problems = std::move(findings.problems);
  if (loaded.problems.empty()) loaded.context = std::make_unique<ClientContext>(std::move(parts));
  return loaded;
}

ClientContext::ClientContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClientContext::~ClientContext() = default;

bool ClientContext::has_ticket() const {
  return parts_->ticket != nullptr;
}
void ClientContext::forget_ticket() {
  parts_->ticket.reset();
}

ssl_st* ClientContext::open_ssl() const {
  return SSL_new(parts_->context.get());
}

bool ClientContext::prepare(Session& session) const {
  SSL* const ssl = session.ssl_;
  const std::string& name = session.facts_.server_name;
  const bool address = is_address(name);
  if (!name.empty() && !address && SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return false;
  if (parts_->verify != ClientOptions::Verify::Off) {
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const std::string bare = name.starts_with('[') ? name.substr(1, name.size() - 2) : name;
    const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, bare.c_str())
                            : X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size());
    if (set != 1) return false;
  }
  if (parts_->ticket != nullptr && parts_->ticket_name == name) {
    return SSL_set_session(ssl, parts_->ticket.get()) == 1;
  }
  return true;
}

int ClientContext::on_ticket(ssl_st* ssl, ssl_session_st* ticket) {
  const Session& session = *HandshakeFacts::of(ssl).workspace.session_;
  Parts& parts = *session.client_->parts_;
  parts.ticket.reset(ticket);
  parts.ticket_name = session.facts_.server_name;
  return 1;  // It is owned here now.
}

}  // namespace pear::io::tls

#include "io/tls/client_context.h"

#include <array>
#include <chrono>
#include <functional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "io/tls/certificate_file.h"
#include "io/tls/certificate_names.h"
#include "io/tls/failure_reason.h"

namespace pear::io::tls {

namespace {

// More are of no use: one comes with each connection.
constexpr std::size_t kTicketsMax = 4096;

struct Ticket {
  bssl::UniquePtr<SSL_SESSION> session;
  std::string server;
  std::string parameters;  // Of QUIC.
};

}  // namespace

struct ClientContext::Parts {
  bssl::UniquePtr<SSL_CTX> context;
  ClientOptions::Verify verify{};
  ClientOptions::Resume resume{};
  std::vector<Ticket> tickets;                    // With LastTicket at most one.
  std::set<std::string, std::less<>> quic_names;  // What the SSLs of QUIC point to.

  void keep(Ticket ticket) {
    if (resume == ClientOptions::Resume::LastTicket) tickets.clear();
    if (tickets.size() < kTicketsMax) tickets.push_back(std::move(ticket));
  }
};

namespace {

constexpr auto kClassicGroups =
    std::to_array<std::uint16_t>({SSL_GROUP_X25519, SSL_GROUP_SECP256R1, SSL_GROUP_SECP384R1});

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
  constexpr const char* kRedHat = "/etc/pki/tls/certs/ca-bundle.crt";
  if (std::filesystem::exists(kRedHat, ignored)) return kRedHat;
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
      if (!options.authorities.empty()) trust(options.authorities, context, findings);
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
    findings.refuse(files.chain, "cannot be used for TLS.");
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
    if (options.key_exchange == ClientOptions::KeyExchange::ClassicOnly) {
      whole = whole &&
              SSL_CTX_set1_group_ids(context, kClassicGroups.data(), kClassicGroups.size()) == 1;
    }
    if (options.resume != ClientOptions::Resume::No) {
      SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
      SSL_CTX_sess_set_new_cb(context, &on_ticket);
      whole = whole && SSL_CTX_set_app_data(context, parts.get()) == 1;
    }
  }
  ERR_clear_error();
  for (Finding& problem : findings.problems) loaded.problems.push_back(std::move(problem.text));
  if (!whole) loaded.problems.emplace_back("The options of the TLS client do not go together.");
  if (loaded.problems.empty()) loaded.context = std::make_unique<ClientContext>(std::move(parts));
  return loaded;
}

ClientContext::ClientContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClientContext::~ClientContext() = default;

std::size_t ClientContext::tickets() const {
  return parts_->tickets.size();
}
void ClientContext::forget_ticket() {
  parts_->tickets.clear();
}

ssl_st* ClientContext::open_ssl() const {
  return SSL_new(parts_->context.get());
}

bool ClientContext::name_server(ssl_st* ssl, const std::string& name) const {
  const bool address = is_address(name);
  if (!name.empty() && !address && SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return false;
  if (parts_->verify == ClientOptions::Verify::Off) return true;
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(
      wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const std::string bare = name.starts_with('[') ? name.substr(1, name.size() - 2) : name;
  const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, bare.c_str())
                          : X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size());
  return set == 1;
}

bool ClientContext::prepare(Session& session) const {
  const std::string& name = session.facts_.server_name;
  if (!name_server(session.ssl_, name)) return false;
  const auto& tickets = parts_->tickets;
  if (tickets.empty() || tickets.back().server != name) return true;
  return SSL_set_session(session.ssl_, tickets.back().session.get()) == 1;
}

std::string_view ClientContext::quic_problem(const ssl_st& ssl, std::uint8_t alert, AlertOf side) {
  return alert_reason(&ssl, alert, side);
}

ClientContext::QuicStart ClientContext::open_quic(std::string_view server_name, WallTime now) {
  const std::string& name = *parts_->quic_names.insert(canonical_host(server_name)).first;
  bssl::UniquePtr<SSL> ssl(open_ssl());
  // Callbacks find the name there, as no Session is behind it.
  if (ssl == nullptr || SSL_set_app_data(ssl.get(), const_cast<std::string*>(&name)) != 1 ||
      !name_server(ssl.get(), name)) {
    return {};
  }
  X509_VERIFY_PARAM_set_time_posix(
      SSL_get0_param(ssl.get()),
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  QuicStart start;
  auto& tickets = parts_->tickets;
  if (!tickets.empty() && tickets.back().server == name) {
    const Ticket& ticket = tickets.back();
    std::uint8_t* bytes = nullptr;
    std::size_t count = 0;
    if (SSL_SESSION_to_bytes(ticket.session.get(), &bytes, &count) == 1) {
      const bssl::UniquePtr<std::uint8_t> owned(bytes);
      start.ticket.assign(reinterpret_cast<const char*>(bytes), count);
      start.ticket_parameters = ticket.parameters;
    }
    if (parts_->resume == ClientOptions::Resume::EachOnce) {
      SSL_set_early_data_enabled(ssl.get(), 1);
      tickets.pop_back();
    }
  }
  start.ssl = ssl.release();
  return start;
}

int ClientContext::on_ticket(ssl_st* ssl, ssl_session_st* ticket) {
  Ticket kept{.session = bssl::UniquePtr<SSL_SESSION>(ticket), .server = {}, .parameters = {}};
  if (SSL_is_quic(ssl) == 1) {
    const std::uint8_t* parameters = nullptr;
    std::size_t count = 0;
    SSL_get_peer_quic_transport_params(ssl, &parameters, &count);
    kept.parameters.assign(reinterpret_cast<const char*>(parameters), count);
    kept.server = *static_cast<const std::string*>(SSL_get_app_data(ssl));
  } else {
    kept.server = HandshakeFacts::of(ssl).server_name;
  }
  static_cast<Parts*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->keep(std::move(kept));
  return 1;  // It is owned here now.
}

}  // namespace pear::io::tls

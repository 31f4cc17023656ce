#include "io/tls/local_authority.h"

#include <algorithm>
#include <cerrno>
#include <expected>
#include <iterator>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "io/tls/certificate_file.h"
#include "io/tls/certificate_maker.h"
#include "io/tls/certificate_names.h"
#include "io/unique_fd.h"

namespace pear::io::tls {
namespace {

// Clocks of two programs on one machine may differ a little.
constexpr std::chrono::hours kBefore{1};

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

struct Folder {
  std::filesystem::path path;
  UniqueFd fd;  // Locked while it is open.
};

std::expected<Folder, std::string> open_folder(const std::filesystem::path& path) {
  const std::string& name = path.native();
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return std::unexpected(fmt::format("{}: the folder for the local authority cannot be made: {}.",
                                       name, reason_of(errno)));
  }
  Folder folder{.path = path,
                .fd = UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
  struct stat status{};
  if (!folder.fd.is_open() || ::fstat(folder.fd.get(), &status) != 0) {
    return std::unexpected(fmt::format(
        "{}: the folder of the local authority cannot be opened: {}.", name, reason_of(errno)));
  }
  if (status.st_uid != ::geteuid()) {
    return std::unexpected(
        fmt::format("{}: the folder of the local authority belongs to another user, who could make "
                    "certificates with it; give Pear a folder of its own.",
                    name));
  }
  if ((status.st_mode & 077U) != 0 && ::fchmod(folder.fd.get(), 0700) != 0) {
    return std::unexpected(
        fmt::format("{0}: other users may enter the folder of the local authority; run "
                    "`chmod 700 {0}`.",
                    name));
  }
  int locked = 0;
  do {
    locked = ::flock(folder.fd.get(), LOCK_EX);
  } while (locked != 0 && errno == EINTR);
  return folder;
}

// All or nothing: under another name first.
std::optional<std::string> write_file(const Folder& folder, const std::string& name,
                                      std::string_view text, mode_t mode) {
  const std::string draft = name + ".new";
  const auto failed = [&](int error) {
    ::unlinkat(folder.fd.get(), draft.c_str(), 0);
    return fmt::format("{}: cannot be written: {}.", (folder.path / name).native(),
                       reason_of(error));
  };
  ::unlinkat(folder.fd.get(), draft.c_str(), 0);
  const UniqueFd fd(::openat(folder.fd.get(), draft.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.is_open()) return failed(errno);
  while (!text.empty()) {
    const ssize_t count = ::write(fd.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(fd.get()) != 0 ||
      ::renameat(folder.fd.get(), draft.c_str(), folder.fd.get(), name.c_str()) != 0) {
    return failed(errno);
  }
  return std::nullopt;
}

struct Authority {
  bssl::UniquePtr<X509> certificate;
  bssl::UniquePtr<EVP_PKEY> key;
  bool is_new = false;
};

bool is_there(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored);
}

// Writes the key first: a certificate without its key would be in the way.
bool store(const Folder& folder, std::string_view name, const std::string& certificate,
           const std::string& key, std::vector<std::string>& problems) {
  for (const auto& [file, text, mode] :
       {std::tuple(fmt::format("{}_key.pem", name), &key, mode_t{0600}),
        std::tuple(fmt::format("{}.pem", name), &certificate, mode_t{0644})}) {
    if (auto problem = write_file(folder, file, *text, mode)) {
      problems.push_back(std::move(*problem));
      return false;
    }
  }
  return true;
}

std::optional<Authority> make_authority(const Folder& folder, std::string_view owner, WallTime now,
                                        std::vector<std::string>& problems) {
  Authority made{.key = make_p256_key(), .is_new = true};
  const CertificateOrder order{.common_name = fmt::format("Pear local authority ({})", owner),
                               .role = CertificateRole::Authority,
                               .begins = now - kBefore,
                               .ends = now + LocalAuthority::kAuthorityLife,
                               .permitted_domains = {"localhost"}};
  if (made.key != nullptr) made.certificate = make_certificate(order, *made.key, {});
  if (made.certificate == nullptr) {
    ERR_clear_error();
    problems.emplace_back("The local authority cannot be made: its name is not text in UTF-8.");
    return std::nullopt;
  }
  if (!store(folder, "authority", pem_of(*made.certificate), pem_of(*made.key), problems)) {
    return std::nullopt;
  }
  return made;
}

// What is there is used or named as damaged, never replaced: browsers may trust it.
std::optional<Authority> find_authority(const Folder& folder, std::string_view owner, WallTime now,
                                        std::vector<std::string>& problems) {
  const CertificateFiles files{
      .chain = folder.path / "authority.pem", .key = folder.path / "authority_key.pem", .ocsp = {}};
  if (!is_there(files.chain)) return make_authority(folder, owner, now, problems);
  Findings findings;
  auto found = read_certificate(files, CertificateUse::Client, now, findings);
  if (!found) {
    for (const Finding& problem : findings.problems) {
      problems.push_back(problem.text + " Delete both files to have a new authority made.");
    }
    return std::nullopt;
  }
  if (found->expires <= now + LocalAuthority::kRenewBefore) {
    return make_authority(folder, owner, now, problems);
  }
  return Authority{.certificate = std::move(found->chain.front()), .key = std::move(found->key)};
}

// Sorted, as certificates have them.
std::vector<std::string> names_for(const std::vector<std::string>& hosts) {
  std::vector<std::string> names{"localhost", "*.localhost", "127.0.0.1", "[::1]"};
  for (const std::string& host : hosts) {
    std::string name = canonical_host(host);
    if (name.ends_with(".localhost") && can_stand_for_a_host(name)) {
      names.push_back(std::move(name));
    }
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  return names;
}

bool is_good(const CertificateFiles& files, const Authority& authority,
             const std::vector<std::string>& names, WallTime now) {
  if (!is_there(files.chain) || !is_there(files.key)) return false;
  Findings ignored;
  const auto found = read_certificate(files, CertificateUse::Server, now, ignored);
  if (!found || found->expires <= now + LocalAuthority::kRenewBefore ||
      !std::ranges::includes(found->names, names)) {
    return false;
  }
  X509* const own = found->chain.front().get();
  if (time_of(X509_get0_notBefore(own)) > now) return false;
  const bool signed_by_it = X509_check_issued(authority.certificate.get(), own) == X509_V_OK &&
                            X509_verify(own, authority.key.get()) == 1;
  ERR_clear_error();
  return signed_by_it;
}

// Other projects may be served with it at this moment: what it stands for stays, within reason.
void add_names_of(const CertificateFiles& files, WallTime now, std::vector<std::string>& names) {
  constexpr std::size_t kNamesMax = 100;
  Findings ignored;
  const auto found = read_certificate(files, CertificateUse::Server, now, ignored);
  if (!found) return;
  std::vector<std::string> all;
  std::ranges::set_union(found->names, names, std::back_inserter(all));
  if (all.size() <= kNamesMax) names = std::move(all);
}

void make_leaf(const Folder& folder, const Authority& authority,
               const std::vector<std::string>& names, WallTime now,
               std::vector<std::string>& problems) {
  const auto key = make_p256_key();
  const CertificateOrder order{.common_name = "localhost",
                               .role = CertificateRole::Server,
                               .names = names,
                               .begins = now - kBefore,
                               .ends = now + LocalAuthority::kCertificateLife};
  const Issuer issuer{.certificate = authority.certificate.get(), .key = authority.key.get()};
  bssl::UniquePtr<X509> made;
  if (key != nullptr) made = make_certificate(order, *key, issuer);
  if (made == nullptr) {
    problems.push_back(fmt::format("{}: the certificate for localhost cannot be made: no memory.",
                                   folder.path.native()));
    return;
  }
  store(folder, "localhost", pem_of(*made), pem_of(*key), problems);
}

}  // namespace

LocalAuthority::Ready LocalAuthority::prepare(const Order& order, WallTime now) {
  Ready ready{.certificate = {.chain = order.folder / "localhost.pem",
                              .key = order.folder / "localhost_key.pem",
                              .ocsp = {}},
              .authority = order.folder / "authority.pem"};
  const auto opened = open_folder(order.folder);
  if (!opened) {
    ready.problems.push_back(opened.error());
    return ready;
  }
  const auto authority = find_authority(*opened, order.owner, now, ready.problems);
  if (!authority) return ready;
  ready.authority_is_new = authority->is_new;
  std::vector<std::string> names = names_for(order.hosts);
  if (!is_good(ready.certificate, *authority, names, now)) {
    if (is_good(ready.certificate, *authority, {}, now))
      add_names_of(ready.certificate, now, names);
    make_leaf(*opened, *authority, names, now, ready.problems);
  }
  return ready;
}

}  // namespace pear::io::tls

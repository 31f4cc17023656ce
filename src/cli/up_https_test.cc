// `pear up` and `pear serve` where there is https.
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>

#include <fmt/format.h>

#include "cli/local_tls.h"
#include "cli/up_fixture.h"
#include "io/socket.h"
#include "io/socket_address.h"
#include "io/udp_socket.h"

namespace pear::cli {
namespace {

// In the project's file; the files are not there.
constexpr const char* kNoCertificate =
    "[[server.certificate]]\nchain = \"chain.pem\"\nkey = \"key.pem\"\n";

// One for localhost, made in `folder`.
std::string certificate_in(const std::filesystem::path& folder) {
  const auto made = prepare_local_authority(folder, {});
  EXPECT_TRUE(made.problems.empty()) << made.problems.front();
  return fmt::format("[[server.certificate]]\nchain = \"{}\"\nkey = \"{}\"\n",
                     made.certificate.chain.native(), made.certificate.key.native());
}

std::uint16_t port_of(int fd) {
  return io::SocketAddress::of_socket(fd).value().port();
}

// Of the ports that are free for UDP, many may still be held by TCP connections that have ended.
io::UniqueFd udp_socket_where_tcp_is_free() {
  for (;;) {
    const io::UniqueFd listener =
        io::open_listener(io::SocketAddress::parse("127.0.0.1", 0).value(), {}).value();
    const auto address = io::SocketAddress::of_socket(listener.get()).value();
    if (auto opened = io::open_udp_socket(address, {})) return std::move(opened).value();
  }
}

class UpCommandWithHttps : public UpCommand {
 public:
  void SetUp() override {
    certificate = certificate_in(folder.path() / "authority");
    write_project(certificate);
    write_component();
    fake.on_serve = [](const ServeRequest& request) {
      EXPECT_EQ(::write(request.ready_fd, "ready\n", 6), 6);
      close_all(request);
      return 0;
    };
  }
  // By TLS on this address, and without on a free one.
  int up(const std::string& https, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"up",       path(),        "--no-keeper", "--cores", "2",
                                       "--listen", "127.0.0.1:0", "--https",     https};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  // Where the i-th server was told to speak TLS.
  [[nodiscard]] std::string https_url(std::size_t i) const {
    return fmt::format("➜ https://localhost:{}/",
                       fake.served.at(i).settings->server.https.at(0).port);
  }

  std::string certificate;
};

TEST_F(UpCommandWithHttps, OpensTheAddressesByUdpTooUnlessHttp3IsOffAndTheBannerSaysIt) {
  fake.on_serve = [&](const ServeRequest& request) {
    for (const auto& fds : request.udp_fds_by_address) {
      EXPECT_EQ(fds.size(), 2U);
      for (const int fd : fds) {
        EXPECT_EQ(port_of(fd), request.settings->server.https.at(0).port);
      }
    }
    EXPECT_EQ(::write(request.ready_fd, "ready\n", 6), 6);
    close_all(request);
    return 0;
  };

  EXPECT_EQ(up("127.0.0.1:0"), 0) << captured.err();
  EXPECT_EQ(up("127.0.0.1:0", {"--set", "server.http3.enabled=false"}), 0) << captured.err();

  ASSERT_EQ(fake.served.size(), 2U);
  EXPECT_EQ(fake.served[0].fds_by_address.size(), 2U);
  EXPECT_EQ(fake.served[0].udp_fds_by_address.size(), 1U);
  EXPECT_EQ(fake.served[1].fds_by_address.size(), 2U);
  EXPECT_TRUE(fake.served[1].udp_fds_by_address.empty());
  EXPECT_EQ(captured.err(), "");
  EXPECT_NE(captured.out().find(https_url(0) + "  (HTTP/1.1, HTTP/2, HTTP/3)\n"), std::string::npos)
      << captured.out();
  EXPECT_NE(captured.out().find(https_url(1) + "  (HTTP/1.1, HTTP/2)\n"), std::string::npos)
      << captured.out();
}

TEST_F(UpCommandWithHttps, WarnsWhereAnotherProgramHasTheUdpPortAndServesWithoutIt) {
  const io::UniqueFd other = udp_socket_where_tcp_is_free();
  const std::string address = fmt::format("127.0.0.1:{}", port_of(other.get()));

  ASSERT_EQ(up(address), 0) << captured.err();

  EXPECT_TRUE(fake.served.at(0).udp_fds_by_address.empty());
  EXPECT_NE(captured.err().find("warning: no HTTP/3 on " + address), std::string::npos)
      << captured.err();
  EXPECT_NE(captured.out().find(https_url(0) + "  (HTTP/1.1, HTTP/2)\n"), std::string::npos)
      << captured.out();
}

TEST_F(UpCommandWithHttps, CanBeToldToServeWithout) {
  EXPECT_EQ(up("off"), 0) << captured.err();

  EXPECT_TRUE(fake.served.at(0).settings->server.https.empty());
  EXPECT_EQ(captured.out().find("https://"), std::string::npos) << captured.out();
}

TEST_F(UpCommandWithHttps, SaysAtTheStartWhatIsWrongWithACertificateAndServesTheOthers) {
  write_project(certificate + kNoCertificate);

  EXPECT_EQ(up("127.0.0.1:0"), 0);

  EXPECT_EQ(fake.served.size(), 1U);
  const std::string said = captured.err();
  const std::string place = "error: " + path() + "/pear.toml:";
  EXPECT_NE(said.find(place + "8:9: server.certificate[1].chain: "), std::string::npos) << said;
  EXPECT_NE(said.find(place + "9:7: server.certificate[1].key: "), std::string::npos) << said;
  EXPECT_NE(said.find("warning: https is served with the certificates that are right\n"),
            std::string::npos)
      << said;
  EXPECT_NE(captured.out().find("(HTTP/1.1, HTTP/2, HTTP/3)"), std::string::npos) << captured.out();
}

TEST_F(UpCommandWithHttps, ServesTheRestWhereNoCertificateIsRightAndTheBannerSaysIt) {
  write_project(kNoCertificate);

  EXPECT_EQ(up("127.0.0.1:0"), 0);

  EXPECT_EQ(fake.served.size(), 1U);
  EXPECT_NE(captured.err().find("warning: https cannot be served"), std::string::npos)
      << captured.err();
  EXPECT_NE(captured.out().find(https_url(0) + "  (refused until its files are right)\n"),
            std::string::npos)
      << captured.out();
}

TEST_F(UpCommand, PassesTheAddressesOfHttpsOnToTheServer) {
  write_project(certificate_in(folder.path() / "authority"));
  write_component();
  write_program("echo \"$@\" > " + path() + "/asked; exit 4");

  EXPECT_EQ(run({"up", path(), "--listen", "127.0.0.1:0", "--https", "127.0.0.1:0", "--https",
                 "[::1]:0"}),
            4)
      << captured.err();
  EXPECT_EQ(read_file(folder.path() / "asked"),
            "serve --listen=127.0.0.1:0 --https=127.0.0.1:0 --https=[::1]:0 -- " + path() + "\n");
}

class ServeCommandWithHttps : public ServeCommand {
 public:
  void SetUp() override {
    ServeCommand::SetUp();
    https = keeper::ListenerSet::open({.listen = {}, .https = {{"127.0.0.1", 0}}}, 2).value();
    udp = https.fds_by_address().at(1);
    const auto bound = https.addresses().at(0).address;
    for (const auto transport : {keeper::Transport::Tcp, keeper::Transport::Udp}) {
      inherited.fds_by_address.push_back(https.release(transport).at(0));
    }
    with_https = fmt::format("[server]\ncores = 2\nlisten = \"{}\"\nhttps = \"{}\"\n",
                             keeper::to_text(address), keeper::to_text(bound));
    certificate = certificate_in(folder.path() / "authority");
    write_project(with_https + certificate);
  }

  keeper::ListenerSet https;
  std::vector<int> udp;
  std::string with_https;
  std::string certificate;
};

TEST_F(ServeCommandWithHttps, HandsTheUdpSocketsOverApart) {
  EXPECT_EQ(run({"serve", path()}), 0) << captured.err();

  ASSERT_EQ(fake.served.size(), 1U);
  EXPECT_EQ(fake.served[0].fds_by_address,
            (std::vector{inherited.fds_by_address[0], inherited.fds_by_address[1]}));
  EXPECT_EQ(fake.served[0].udp_fds_by_address, std::vector<std::vector<int>>{udp});
}

TEST_F(ServeCommandWithHttps, ClosesTheUdpSocketsWhereHttp3IsOff) {
  EXPECT_EQ(run({"serve", path(), "--set", "server.http3.enabled=false"}), 0) << captured.err();

  EXPECT_EQ(fake.served.at(0).fds_by_address.size(), 2U);
  EXPECT_TRUE(fake.served.at(0).udp_fds_by_address.empty());
  EXPECT_EQ(::fcntl(udp[0], F_GETFD), -1);
}

TEST_F(ServeCommandWithHttps, ReadsAgainWhetherHttp3IsOnOnlyWhenItStarts) {
  ASSERT_EQ(run({"serve", path()}), 0) << captured.err();
  write_project(with_https + "http3.enabled = false\n" + certificate);

  const config::LoadResult again = fake.served.at(0).reload();

  ASSERT_NE(again.settings, nullptr);
  EXPECT_TRUE(again.settings->server.http3.enabled);
  ASSERT_EQ(again.warnings.size(), 1U);
  EXPECT_EQ(again.warnings[0].key, "server.http3.enabled");
}

TEST_F(ServeCommandWithHttps, RefusesToReadAgainWhatNamesAWrongCertificateOrAuthority) {
  ASSERT_EQ(run({"serve", path()}), 0) << captured.err();
  const auto problem_of = [&](const std::string& more) -> std::string {
    write_project("cages = 7\n" + more);
    const config::LoadResult again = fake.served.at(0).reload();
    EXPECT_EQ(again.settings, nullptr);
    return again.problems.size() == 1 ? config::to_text(again.problems[0]) : "";
  };

  const std::string at = path() + "/pear.toml:";
  EXPECT_TRUE(problem_of("https.client_certificates = \"require\"\n"
                         "https.client_authorities = \"gone.pem\"\n" +
                         with_https + certificate)
                  .starts_with(at + "6:28: site.shop.https.client_authorities: " + path() +
                               "/gone.pem: the certificate cannot be read"));
  EXPECT_TRUE(problem_of(with_https + certificate + certificate + "ocsp = \"gone.der\"\n")
                  .starts_with(at + "15:8: server.certificate[1].ocsp: "));

  write_project("cages = 7\n" + with_https + certificate);
  const config::LoadResult mended = fake.served.at(0).reload();
  ASSERT_NE(mended.settings, nullptr);
  EXPECT_EQ(mended.settings->sites.at(0).cages, 7U);
}

TEST_F(ServeCommandWithHttps, ComesBackWithTheLastConfigurationWhoseCertificatesAreRight) {
  ASSERT_EQ(run({"serve", path()}), 0) << captured.err();
  close_all(fake.served.at(0));
  fake.served.clear();
  inherited.fds_by_address =
      keeper::ListenerSet::open({.listen = {{"127.0.0.1", 0}, {"127.0.0.1", 0}}}, 2)
          ->release(keeper::Transport::Tcp);
  write_project("cages = 7\n" + with_https + kNoCertificate);

  EXPECT_EQ(run({"serve", path()}), 0) << captured.err();

  ASSERT_EQ(fake.served.size(), 1U);
  EXPECT_NE(fake.served[0].settings->sites.at(0).cages, 7U);
  EXPECT_NE(captured.err().find("server.certificate[0].chain"), std::string::npos);
  EXPECT_NE(captured.err().find("serving with the last one that was not"), std::string::npos);
}

TEST_F(ServeCommandWithHttps, ServesTheRestWhereItHasServedNothingElseYet) {
  write_project("cages = 7\n" + with_https + kNoCertificate);

  EXPECT_EQ(run({"serve", path()}), 0) << captured.err();

  EXPECT_EQ(fake.served.at(0).settings->sites.at(0).cages, 7U);
}

}  // namespace
}  // namespace pear::cli

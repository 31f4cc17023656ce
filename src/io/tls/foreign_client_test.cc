// A client that is BoringSSL itself on a socket: what Session, as a client, does not do.
#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "io/tls/certificate_file.h"
#include "io/tls/ocsp_response.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace pear::io::tls {
namespace {

using Progress = Session::Progress;
using Status = Transfer::Status;

class ForeignClient : public testing::Test {
 protected:
  void connect(const ContextOptions& options) {
    const auto contexts = must_load(options);
    std::tie(client_fd_, server_fd_) = socket_pair();
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_fd(client_.get(), client_fd_.get());
    SSL_enable_ocsp_stapling(client_.get());
    SSL_set_tlsext_host_name(client_.get(), "example.com");
    server_ = Session::accept(contexts, core_.server);
    Progress progress = Progress::WouldBlock;
    for (int i = 0; i < 5; ++i) {
      static_cast<void>(SSL_connect(client_.get()));
      if (progress == Progress::WouldBlock) progress = server_->handshake(server_fd_.get());
    }
    ASSERT_EQ(progress, Progress::Done) << server_->problem();
  }
  void expect_to_server(std::string_view text) {
    ASSERT_EQ(SSL_write(client_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
    EXPECT_EQ(read_all(*server_, server_fd_.get()), text);
  }
  void expect_to_client(std::string_view text) {
    EXPECT_EQ(send_text(*server_, server_fd_.get(), text).bytes, text.size());
    std::array<char, 100> buffer{};
    const int count = SSL_read(client_.get(), buffer.data(), buffer.size());
    ASSERT_GT(count, 0);
    EXPECT_EQ(std::string_view(buffer.data(), static_cast<std::size_t>(count)), text);
  }

  TestCertificates certificates_;
  TestCore core_;
  bssl::UniquePtr<SSL_CTX> client_context_{SSL_CTX_new(TLS_method())};
  UniqueFd client_fd_;
  UniqueFd server_fd_;
  bssl::UniquePtr<SSL> client_;
  std::unique_ptr<Session> server_;
};

TEST_F(ForeignClient, MayChangeItsKeys) {
  connect({.certificates = {certificates_.make({})}});
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(SSL_key_update(client_.get(),
                             i % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED),
              1);
    expect_to_server("behind new keys");
    expect_to_client("and back");
  }
}

TEST_F(ForeignClient, MayNotSendKeyUpdatesAndNothingElse) {
  connect({.certificates = {certificates_.make({})}});
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    static_cast<void>(SSL_write(client_.get(), "", 0));
  }
  ASSERT_EQ(SSL_write(client_.get(), "x", 1), 1);
  std::array<char, 10> buffer{};
  EXPECT_EQ(server_->receive(server_fd_.get(), buffer).status, Status::Failed);
}

// A response as RFC 6960 has it, signed with nothing: it is not verified here.
std::string ocsp_response(const X509& certificate, std::string_view next_update) {
  std::uint8_t* serial = nullptr;
  const int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(&certificate), &serial);
  const bssl::UniquePtr<std::uint8_t> owned(serial);
  const auto add_time = [](CBB& to, std::string_view time) {
    CBB text;
    CBB_add_asn1(&to, &text, CBS_ASN1_GENERALIZEDTIME);
    CBB_add_bytes(&text, reinterpret_cast<const std::uint8_t*>(time.data()), time.size());
    CBB_flush(&to);
  };
  constexpr CBS_ASN1_TAG kContext = CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC;
  constexpr std::array<std::uint8_t, 9> kBasic{0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};
  bssl::ScopedCBB all;
  CBB response;
  CBB part;
  CBB explicit_bytes;
  CBB bytes;
  CBB octets;
  CBB basic;
  CBB data;
  CBB responses;
  CBB single;
  CBB id;
  CBB_init(all.get(), 256);
  CBB_add_asn1(all.get(), &response, CBS_ASN1_SEQUENCE);
  CBB_add_asn1(&response, &part, CBS_ASN1_ENUMERATED);
  CBB_add_u8(&part, 0);
  CBB_add_asn1(&response, &explicit_bytes, kContext | 0);
  CBB_add_asn1(&explicit_bytes, &bytes, CBS_ASN1_SEQUENCE);
  CBB_add_asn1(&bytes, &part, CBS_ASN1_OBJECT);
  CBB_add_bytes(&part, kBasic.data(), kBasic.size());
  CBB_add_asn1(&bytes, &octets, CBS_ASN1_OCTETSTRING);
  CBB_add_asn1(&octets, &basic, CBS_ASN1_SEQUENCE);
  CBB_add_asn1(&basic, &data, CBS_ASN1_SEQUENCE);
  CBB_add_asn1(&data, &part, kContext | 2);
  CBB_add_asn1_octet_string(&part, kBasic.data(), kBasic.size());
  CBB_flush(&data);
  add_time(data, "20270101000000Z");
  CBB_add_asn1(&data, &responses, CBS_ASN1_SEQUENCE);
  CBB_add_asn1(&responses, &single, CBS_ASN1_SEQUENCE);
  CBB_add_asn1(&single, &id, CBS_ASN1_SEQUENCE);
  CBB_add_asn1(&id, &part, CBS_ASN1_SEQUENCE);
  CBB_add_asn1_octet_string(&id, kBasic.data(), kBasic.size());
  CBB_add_asn1_octet_string(&id, kBasic.data(), kBasic.size());
  CBB_add_bytes(&id, serial, static_cast<std::size_t>(serial_size));
  CBB_add_asn1(&single, &part, CBS_ASN1_CONTEXT_SPECIFIC | 0);  // good
  CBB_flush(&single);
  add_time(single, "20270101000000Z");
  CBB_add_asn1(&single, &part, kContext | 0);
  add_time(part, next_update);
  CBB_flush(all.get());
  return {reinterpret_cast<const char*>(CBB_data(all.get())), CBB_len(all.get())};
}

const X509& own(const CertificateFiles& files, std::vector<bssl::UniquePtr<X509>>& keep) {
  Findings findings;
  keep = read_certificates(files.chain, findings);
  return *keep.front();
}

TEST_F(ForeignClient, IsShownTheStapleWhenItAsks) {
  CertificateFiles files = certificates_.make({});
  std::vector<bssl::UniquePtr<X509>> keep;
  const std::string response = ocsp_response(own(files, keep), "20280101000000Z");
  files.ocsp = certificates_.folder().write("good.der", response);
  connect({.certificates = {files}});
  const std::uint8_t* shown = nullptr;
  std::size_t size = 0;
  SSL_get0_ocsp_response(client_.get(), &shown, &size);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(shown), size), response);
}

TEST(OcspResponse, IsReadWithItsTime) {
  const TestCertificates certificates;
  std::vector<bssl::UniquePtr<X509>> keep;
  const X509& certificate = own(certificates.make({}), keep);
  const auto read = read_ocsp_response(ocsp_response(certificate, "20270201000000Z"), certificate);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read->next_update, WallTime(std::chrono::sys_days(std::chrono::year(2027) / 2 / 1)));
}

TEST(OcspResponse, IsRefusedWhenItIsDamagedOrOfAnother) {
  const TestCertificates certificates;
  std::vector<bssl::UniquePtr<X509>> keep;
  std::vector<bssl::UniquePtr<X509>> other_keep;
  const X509& certificate = own(certificates.make({}), keep);
  const X509& other = own(certificates.make({}), other_keep);
  const std::string good = ocsp_response(certificate, "20270201000000Z");
  EXPECT_EQ(read_ocsp_response(good, other).error(),
            "is the OCSP response for another certificate; fetch the one for this");
  EXPECT_FALSE(read_ocsp_response("", certificate));
  EXPECT_FALSE(read_ocsp_response("HTTP/1.1 200 OK", certificate));
  EXPECT_FALSE(read_ocsp_response(std::string_view("\x30\x03\x0a\x01\x06", 5), certificate));
  EXPECT_FALSE(read_ocsp_response(good + 'x', certificate));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_ocsp_response(good.substr(0, size), certificate)) << size;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    static_cast<void>(read_ocsp_response(changed, certificate));
  }
}

TEST(OcspResponse, IsNotSentWhenItIsOutOfDate) {
  const TestCertificates certificates;
  CertificateFiles files = certificates.make({});
  std::vector<bssl::UniquePtr<X509>> keep;
  files.ocsp =
      certificates.folder().write("old.der", ocsp_response(own(files, keep), "20270110000000Z"));
  const auto loaded = ServerContexts::load({.certificates = {files}}, kTestNow);
  ASSERT_TRUE(loaded.problems.empty()) << loaded.problems.front().text;
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_NE(loaded.warnings.front().text.find("out of date since 2027-01-10"), std::string::npos);
}

}  // namespace
}  // namespace pear::io::tls

#include <openssl/bio.h>

#include "base/assert.h"
#include "io/tls/certificate_compression.h"
#include "io/tls/session.h"

namespace pear::io::tls {

Workspace::Workspace(ChunkPool& chunks)
    : chunks_(chunks),
      in_(std::make_unique_for_overwrite<char[]>(kCiphertextInBytes)),
      record_(std::make_unique_for_overwrite<char[]>(kRecordBytes)),
      out_(std::make_unique_for_overwrite<char[]>(kCiphertextOutBytes)),
      compressed_(std::make_unique<CompressedCertificates>()),
      method_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "pear")) {
  PEAR_ASSERT(method_ != nullptr, "a core's memory is there at its start");
  BIO_meth_set_read(method_, &Session::read_bio);
  BIO_meth_set_write(method_, &Session::write_bio);
  BIO_meth_set_ctrl(method_, &Session::control_bio);
  bio_ = BIO_new(method_);
  PEAR_ASSERT(bio_ != nullptr, "a core's memory is there at its start");
  BIO_set_data(bio_, this);
  BIO_set_init(bio_, 1);
}

Workspace::~Workspace() {
  BIO_free(bio_);
  BIO_meth_free(method_);
}

}  // namespace pear::io::tls

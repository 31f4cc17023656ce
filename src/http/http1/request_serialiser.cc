#include "http/http1/request_serialiser.h"

#include "base/assert.h"
#include "http/authority.h"
#include "http/http1/head_writer.h"
#include "http/method.h"
#include "http/request_target.h"

namespace pear::http1 {

Result<std::size_t> write_request_head(const RequestToWrite& request, std::span<char> out) {
  PEAR_ASSERT(request.framing != http::Framing::UntilClose, "requests do not end that way");
  if (!http::is_token(request.method)) return fail(ErrorKind::InvalidInput, "malformed method");
  if (!http::parse_request_target(http::method_of(request.method), request.target)) {
    return fail(ErrorKind::InvalidInput, "malformed request target");
  }
  if (!http::parse_authority(request.authority)) {
    return fail(ErrorKind::InvalidInput, "malformed authority");
  }
  HeadWriter writer(out);
  writer.text(request.method);
  writer.text(" ");
  writer.text(request.target);
  writer.text(" HTTP/1.1\r\nhost: ");
  writer.text(request.authority);
  writer.text("\r\n");
  for (const http::Field& field : request.fields) {
    if (is_owned_here(field) || http::equals_lower(field.name, "host")) continue;
    PEAR_TRY(writer.field(field));
  }
  writer.framing(request.framing, request.content_length);
  if (request.persistence == Persistence::Close) writer.text("connection: close\r\n");
  writer.text("\r\n");
  return writer.size();
}

}  // namespace pear::http1

// The site that conformance suites speak to. It hears a request to its end before it answers, and
// always answers with a body: suites that break a rule after a request's beginning expect to be
// told so, not answered.
#include <string>
#include <string_view>

#include <pear/site.h>

namespace {

void serve(pear::Request& request, pear::Response& response) {
  constexpr std::size_t kBodyMax = std::size_t{16} << 20;
  const auto body = request.body(kBodyMax);
  if (!body) {
    response.error(pear::status_of(body.error()), "the body cannot be read\n");
    return;
  }
  if (request.path() == "/echo") {
    response.bytes("application/octet-stream", *body);
  } else {
    response.text("heard to the end\n");
  }
}

}  // namespace

PEAR_SITE(serve)

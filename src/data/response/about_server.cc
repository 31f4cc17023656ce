#include "data/response/about_server.h"

#include "http/field.h"

namespace pear::data::response {

void answer_about_server(Exchange& exchange) {
  Response& response = exchange.response;
  response.status = 204;
  if (const auto fields = exchange.arena.make_array<http::Field>(1)) {
    // Those that RFC 9110 and RFC 5789 (PATCH) define; CONNECT is no one's here.
    (*fields)[0] = {.name = "allow", .value = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"};
    response.fields = *fields;
  }
  response.head_ready = true;
  response.ended = true;
}

}  // namespace pear::data::response

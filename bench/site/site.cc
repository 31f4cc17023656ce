// The site that bench/run measures: one answer of each kind, with as little of its own work as can
// be.
#include <string>
#include <string_view>

#include <pear/site.h>

namespace {

// 10 KiB of JSON as an API would send it: a list of objects, made anew for each request.
void serve_json(pear::Response& response) {
  constexpr std::size_t kBytes = 10 * 1024;
  std::string json = "{\"products\":[";
  for (int i = 0; json.size() < kBytes - 100; ++i) {
    if (i > 0) json += ',';
    json += "{\"id\":" + std::to_string(1000 + i) +
            ",\"name\":\"Conference pears\",\"cents\":349,\"in_stock\":true}";
  }
  json += "]}";
  json.resize(kBytes, ' ');
  response.json(json);
}

void serve_echo(pear::Request& request, pear::Response& response) {
  constexpr std::size_t kBodyMax = std::size_t{1} << 20;
  const auto body = request.body(kBodyMax);
  if (!body) {
    response.error(pear::status_of(body.error()), "the body cannot be read\n");
    return;
  }
  response.bytes("application/octet-stream", *body);
}

void serve(pear::Request& request, pear::Response& response) {
  const std::string_view path = request.path();
  if (path == "/") {
    response.text("hello from the bench\n");
  } else if (path == "/json") {
    serve_json(response);
  } else if (path == "/echo") {
    serve_echo(request, response);
  } else if (path == "/download") {
    response.bytes("application/octet-stream", std::string(std::size_t{4} << 20, 'x'));
  } else if (path == "/trap") {
    __builtin_trap();
  } else if (path == "/spin") {
    volatile unsigned turns = 0;
    for (;;) turns = turns + 1;
  } else {
    response.error(404, "not found\n");
  }
}

}  // namespace

PEAR_SITE(serve)

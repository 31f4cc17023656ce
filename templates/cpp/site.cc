// {{name}}: a site in C++. The SDK in one page: README.md of sdk/, or the headers of <pear/...>.
#include <pear/site.h>

namespace {

void show_home(pear::Request&, pear::Response& response) {
  response.html(
      "<!doctype html>\n<title>{{name}}</title>\n<h1>{{name}}</h1>\n"
      "<p><a href=\"/hello/world\">Say hello</a></p>\n");
}

void say_hello(pear::Request& request, pear::Response& response) {
  response.html("<!doctype html>\n<title>{{name}}</title>\n<p>Hello " +
                pear::html_escaped(request.parameter("name")) + "!</p>\n");
}

void show_time(pear::Request&, pear::Response& response) {
  pear::JsonWriter json;
  json.begin_object().key("unix_time_ms").number(pear::unix_time_ms()).end_object();
  response.header("cache-control", "no-store").json(json.text());
}

constexpr pear::Route kRoutes[] = {
    {pear::Method::Get, "/", show_home},
    {pear::Method::Get, "/hello/:name", say_hello},
    {pear::Method::Get, "/time", show_time},
};

void serve(pear::Request& request, pear::Response& response) {
  pear::route(kRoutes, request, response);
}

}  // namespace

PEAR_SITE(serve)

// The smallest site: answers every request with a greeting.
#include <pear/site.h>

static void serve(pear::Request& request, pear::Response& response) {
  response.text("hello " + std::string(request.query().get_or("name", "world")) + "\n");
}
PEAR_SITE(serve)

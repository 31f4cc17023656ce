// A site that uses the C library's files and output, and so the preview-1 adapter, beside the SDK.
#include <cstdio>
#include <string>

#include <pear/site.h>

static void serve(pear::Request& request, pear::Response& response) {
  std::printf("%s\n", std::string(request.path()).c_str());
  std::fflush(stdout);
  // Fills the arena, where the memory of the adapter must not lie.
  std::string text(200'000, 'z');
  for (int i = 0; i < 50; ++i) response.add_header("x-" + std::to_string(i), text.substr(0, 100));
  std::FILE* file = std::fopen("/none.txt", "r");
  response.text(file == nullptr ? text : "a file");
}
PEAR_SITE(serve)

// pear_componentize_tool: wraps one core module into a component, for the guests of tests.
//
//   pear_componentize_tool CORE.wasm WIT_FOLDER WORLD COMPONENT.wasm
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "engine/componentize.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: pear_componentize_tool CORE.wasm WIT_FOLDER WORLD COMPONENT.wasm\n", stderr);
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> core{std::istreambuf_iterator<char>(file), {}};
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(core.data()),
                                            core.size());
  const auto component = pear::engine::componentize(bytes, argv[2], argv[3]);
  if (!component) {
    std::fprintf(stderr, "%s: %s\n", argv[1], component.error().c_str());
    return 1;
  }
  std::ofstream out(argv[4], std::ios::binary);
  const auto made = component->bytes();
  out.write(reinterpret_cast<const char*>(made.data()), static_cast<std::streamsize>(made.size()));
  out.close();
  return out ? 0 : 1;
}

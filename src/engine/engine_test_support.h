// What the tests of this module share: the guests of testdata/, compiled, and a way to run them.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/fake_host.h"
#include "engine/image.h"
#include "engine/instance.h"

namespace pear::engine {

inline std::vector<std::uint8_t> file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A component that the build made of testdata/<name>.c.
inline std::vector<std::uint8_t> guest_component(const std::string& name) {
  return file_bytes(std::string(PEAR_ENGINE_GUESTS) + "/" + name + ".component.wasm");
}

inline const std::shared_ptr<const Engine>& test_engine() {
  static const std::shared_ptr<const Engine> kEngine = [] {
    auto made = Engine::make({.instances_max = 32});
    EXPECT_TRUE(made) << (made ? "" : made.error());
    prepare_thread();
    return made ? *made : nullptr;
  }();
  return kEngine;
}

inline std::shared_ptr<const Image> guest_image(
    const std::string& name, const std::shared_ptr<const Engine>& engine = test_engine()) {
  const auto component = guest_component(name);
  const auto code = Image::compile(*engine, component);
  EXPECT_TRUE(code) << (code ? "" : code.error());
  if (!code) return nullptr;
  auto image = Image::load(engine, code->bytes(), {.path = name, .digest = {}});
  EXPECT_TRUE(image) << (image ? "" : image.error());
  return image ? *image : nullptr;
}

// A request that owns nothing: literals only.
struct TestRequest {
  std::string_view method = "GET";
  std::string_view path = "/";
  std::string_view authority = "shop.example.com";
  std::vector<Field> fields{};

  [[nodiscard]] Request view() const {
    return {.method = lend(method),
            .scheme = lend(std::string_view("http")),
            .authority = lend(authority),
            .path_with_query = lend(path),
            .fields = fields.data(),
            .field_count = fields.size()};
  }
};

// One instance with its host, which the test sets up and looks at.
class Guest {
 public:
  explicit Guest(const std::shared_ptr<const Image>& image, Grants given = kGrants)
      : grants(given),
        inbox([](void*) {}, nullptr),
        instance(*image, {.host = &FakeHost::table(), .context = &host, .grants = &grants}, inbox,
                 7) {}

  // Polls until the guest is idle, has faulted, or has waited `waits_max` times.
  PollStep run(int waits_max = 1'000'000) {
    for (int waits = 0; waits < waits_max;) {
      const PollStep step = instance.poll();
      if (step == PollStep::Idle || step == PollStep::Faulted) return step;
      if (step == PollStep::Pending) {
        ++waits;
        host.pass_pending();
        std::this_thread::yield();  // To the threads of files.
      }
    }
    return PollStep::Pending;
  }

  // One request, from start to end.
  PollStep serve(const TestRequest& request) {
    if (const PollStep step = run(); step != PollStep::Idle) return step;
    begin(request);
    return run();
  }

  void begin(const TestRequest& request) {
    request_ = request;
    view_ = request_.view();
    instance.begin(view_, &host);
  }

  static constexpr Grants kGrants{.environment = nullptr,
                                  .environment_count = 0,
                                  .directories = nullptr,
                                  .directory_count = 0,
                                  .handles_max = 1'000,
                                  .fields_max = 100,
                                  .field_bytes_max = 16'384,
                                  .informational = true,
                                  .share = nullptr};

  FakeHost host;
  Grants grants;
  Inbox inbox;
  Instance instance;

 private:
  TestRequest request_;
  Request view_{};
};

}  // namespace pear::engine

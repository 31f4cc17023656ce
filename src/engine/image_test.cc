// What is loaded, and what is refused with which words.
#include "engine/image.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "engine/componentize.h"
#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

std::string compile_problem(std::string_view bytes) {
  const std::vector<std::uint8_t> component(bytes.begin(), bytes.end());
  const auto code = Image::compile(*test_engine(), component);
  return code ? "" : code.error();
}

std::string load_problem(const std::string& guest) {
  const auto component = guest_component(guest);
  const auto code = Image::compile(*test_engine(), component);
  if (!code) return "does not compile: " + code.error();
  const auto image = Image::load(test_engine(), code->bytes(), {});
  return image ? "" : image.error();
}

TEST(Image, RefusesWhatIsNotWebAssembly) {
  EXPECT_EQ(compile_problem(""), "the file is empty: not a WebAssembly component");
  EXPECT_EQ(compile_problem("#!/bin/sh\n"),
            "this is not WebAssembly: it does not begin with \\0asm");
  EXPECT_EQ(compile_problem(std::string_view("\0as", 3)),
            "this is not WebAssembly: it does not begin with \\0asm");
}

TEST(Image, TellsACoreModuleFromAComponent) {
  EXPECT_EQ(compile_problem(std::string_view("\0asm\1\0\0\0", 8)),
            "this is a core WebAssembly module, not a component: `pear build` wraps it into one");
  EXPECT_EQ(compile_problem(std::string_view("\0asm\7\0\0\0", 8)),
            "this is WebAssembly of a version that Pear does not know");
}

TEST(Image, SaysWhatIsWrongInADamagedComponent) {
  auto component = guest_component("hello");
  component.resize(component.size() / 2);
  const auto code = Image::compile(*test_engine(), component);
  ASSERT_FALSE(code);
  EXPECT_TRUE(code.error().starts_with("the component cannot be compiled: ")) << code.error();
  EXPECT_LT(code.error().size(), 400U);
}

TEST(Image, SaysThatThereIsNoHandlerAndWhatThereIs) {
  EXPECT_EQ(load_problem("deaf"),
            "the component does not export wasi:http/incoming-handler@0.2; it exports answer");
}

TEST(Image, NamesTheImportThatNobodyOffers) {
  EXPECT_EQ(load_problem("wanting"),
            "the component imports pear:engine-test/oracle, which Pear does not offer");
}

TEST(Image, DoesNotLoadWhatItDidNotCompile) {
  const std::vector<std::uint8_t> nonsense(5'000, 0x41);
  const auto image = Image::load(test_engine(), nonsense, {});
  ASSERT_FALSE(image);
  EXPECT_TRUE(image.error().starts_with("the compiled code does not fit")) << image.error();
}

TEST(Image, OutlivesTheHandleOfItsEngine) {
  auto engine = Engine::make({.instances_max = 4, .memory_max = 16_MiB});
  ASSERT_TRUE(engine) << engine.error();
  const auto component = guest_component("hello");
  const auto code = Image::compile(**engine, component);
  ASSERT_TRUE(code) << code.error();
  auto image = Image::load(*engine, code->bytes(), {});
  ASSERT_TRUE(image) << image.error();
  engine->reset();

  Guest guest(*image);
  EXPECT_EQ(guest.serve({.path = "/x"}), PollStep::Idle) << guest.instance.fault_text();
  EXPECT_EQ(guest.host.response, "hello from C path=/x");
}

TEST(Engine, GivesOutAsManyInstancesAsItHasAndNotOneMore) {
  auto engine = Engine::make({.instances_max = 2, .memory_max = 16_MiB});
  ASSERT_TRUE(engine) << engine.error();
  const auto component = guest_component("hello");
  const auto code = Image::compile(**engine, component);
  ASSERT_TRUE(code) << code.error();
  const auto image = Image::load(*engine, code->bytes(), {});
  ASSERT_TRUE(image) << image.error();

  Guest first(*image);
  Guest second(*image);
  EXPECT_EQ(first.run(), PollStep::Idle) << first.instance.fault_text();
  EXPECT_EQ(second.run(), PollStep::Idle) << second.instance.fault_text();
  Guest third(*image);
  EXPECT_EQ(third.run(), PollStep::Faulted);
  EXPECT_EQ(third.instance.fault(), InstanceFault::NoRoom) << third.instance.fault_text();
}

TEST(Engine, AMemoryIsNotLargerThanItsSlot) {
  auto engine = Engine::make({.instances_max = 2, .memory_max = 1_MiB});
  ASSERT_TRUE(engine) << engine.error();
  const auto component = guest_component("hello");  // Declares more than 1 MiB.
  const auto code = Image::compile(**engine, component);
  ASSERT_TRUE(code) << code.error();
  const auto image = Image::load(*engine, code->bytes(), {});
  EXPECT_FALSE(image);
}

TEST(Engine, WorksWithoutAPoolWhereTheAddressSpaceIsTooSmallForIt) {
  // More slots than an address space has: the same refusal as under `ulimit -v`.
  auto engine = Engine::make({.instances_max = 4'000'000, .memory_max = 4_GiB});
  ASSERT_TRUE(engine) << engine.error();
  EXPECT_FALSE((*engine)->pooling());
  EXPECT_NE((*engine)->pooling_problem(), "");
  EXPECT_NE((*engine)->fingerprint(), test_engine()->fingerprint());

  const auto component = guest_component("hello");
  const auto code = Image::compile(**engine, component);
  ASSERT_TRUE(code) << code.error();
  const auto image = Image::load(*engine, code->bytes(), {});
  ASSERT_TRUE(image) << image.error();
  Guest guest(*image);
  EXPECT_EQ(guest.serve({.path = "/y"}), PollStep::Idle) << guest.instance.fault_text();
}

TEST(Engine, HasAFingerprintThatNamesTheVersion) {
  EXPECT_TRUE(test_engine()->pooling()) << test_engine()->pooling_problem();
  EXPECT_TRUE(test_engine()->fingerprint().starts_with("wasmtime-48.0.8-"));
  const auto other = Engine::make({.instances_max = 8});
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->fingerprint(), test_engine()->fingerprint());
}

TEST(Componentize, SaysWhatDoesNotFit) {
  const std::string wit = std::string(PEAR_ENGINE_TESTDATA) + "/wit";
  const auto core = file_bytes(std::string(PEAR_ENGINE_GUESTS) + "/hello.wasm");
  EXPECT_TRUE(componentize(core, wit, "site"));

  const auto no_world = componentize(core, wit, "palace");
  ASSERT_FALSE(no_world);
  EXPECT_TRUE(no_world.error().starts_with("there is no world palace in ")) << no_world.error();

  const auto no_wit = componentize(core, "/nowhere", "site");
  ASSERT_FALSE(no_wit);
  EXPECT_TRUE(no_wit.error().starts_with("the WIT in /nowhere cannot be read")) << no_wit.error();

  const auto deaf = file_bytes(std::string(PEAR_ENGINE_GUESTS) + "/deaf.wasm");
  const auto no_handler = componentize(deaf, wit, "site");
  ASSERT_FALSE(no_handler);
  EXPECT_TRUE(no_handler.error().starts_with("the module does not fit the world"))
      << no_handler.error();

  const auto twice = componentize(guest_component("hello"), wit, "site");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error(), "this is a component already");
  EXPECT_EQ(componentize({}, wit, "site").error(), "this is not a core WebAssembly module");
}

TEST(Componentize, AddsTheAdapterOnlyWhereItIsImported) {
  const auto mentions = [](const std::string& guest, std::string_view name) {
    const auto component = guest_component(guest);
    return std::string_view(reinterpret_cast<const char*>(component.data()), component.size())
        .contains(name);
  };
  // The adapter imports files, and everything at the newest version.
  EXPECT_TRUE(mentions("libc_files", "wasi:filesystem/types@0.2"));
  EXPECT_FALSE(mentions("hello", "wasi:filesystem"));
  EXPECT_TRUE(mentions("oldest", "wasi:io/streams@0.2.0"));
  EXPECT_FALSE(mentions("oldest", "@0.2.12"));
}

}  // namespace
}  // namespace pear::engine

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "config/load.h"
#include "config/schema.h"
#include "config/schema_tables.h"

namespace pear::config {
namespace {

const std::filesystem::path kPage =
    std::filesystem::path(PEAR_SOURCE_DIR) / "docs/operating/configuration.md";

// PEAR_UPDATE_GOLDEN=1 rewrites the page instead; the change is then reviewed as a diff.
TEST(Reference, IsWhatThePageForOperatorsSays) {
  const std::string reference = reference_markdown();
  if (std::getenv("PEAR_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(kPage, std::ios::binary) << reference;
  }

  std::ifstream file(kPage, std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(file), {}};

  EXPECT_EQ(page, reference) << "run with PEAR_UPDATE_GOLDEN=1 and look at the diff";
}

TEST(Schema, NamesEachKeyOnceAndKeepsSectionsTogether) {
  for (const Scope scope : {Scope::Server, Scope::Site}) {
    std::set<std::string_view> paths;
    std::set<std::string_view> sections;
    std::string_view last_section = "none yet";
    for (const Key& key : keys_of(scope)) {
      const std::size_t dot = key.path.rfind('.');
      const std::string_view section = key.path.substr(0, dot == key.path.npos ? 0 : dot);
      EXPECT_TRUE(paths.insert(key.path).second) << key.path;
      if (section != last_section) {
        EXPECT_TRUE(sections.insert(section).second) << key.path;
      }
      last_section = section;
    }
  }
}

TEST(Schema, SaysOfEachKeyWhatItIsForInOneSentence) {
  for (const Scope scope : {Scope::Server, Scope::Site}) {
    for (const Key& key : keys_of(scope)) {
      EXPECT_TRUE(key.purpose.ends_with('.')) << key.path;
      EXPECT_FALSE(range_in_words(key).empty()) << key.path;
      EXPECT_FALSE(type_in_words(key).empty()) << key.path;
    }
  }
}

// A default outside its own range could not be written down.
TEST(Schema, AcceptsTheDefaultOfEachKey) {
  for (const Preset preset : {Preset::Default, Preset::Dev, Preset::Prod}) {
    ServerSettings server;
    SiteSettings site;
    apply_preset(preset, &site);
    const ServerSettings server_before = server;
    const SiteSettings site_before = site;
    for (const Scope scope : {Scope::Server, Scope::Site}) {
      for (const Key& key : keys_of(scope)) {
        const Value value = get(key, {server, site});
        if (value.get<std::monostate>() != nullptr) continue;
        Reading reading{.folder = "/", .refusals = {}};

        set(key, {server, site}, value, reading);

        EXPECT_TRUE(reading.refusals.empty()) << key.path;
      }
    }
    EXPECT_EQ(server, server_before);
    EXPECT_EQ(site, site_before);
  }
}

TEST(Schema, HasNoKeyThatIsUnavailable) {
  for (const Scope scope : {Scope::Server, Scope::Site}) {
    for (const Key& key : keys_of(scope)) EXPECT_FALSE(is_unavailable(scope, key.path)) << key.path;
  }
}

}  // namespace
}  // namespace pear::config

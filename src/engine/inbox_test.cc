// The inbox: instances that other threads woke.
#include <array>
#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

// A guest with a folder, whose file calls are answered by threads of the Rust library.
struct FileGuest {
  FileGuest() {
    folder.write("old.txt", "an old file");
    grants.directories = &directory;
    grants.directory_count = 1;
    grants.share = share.raw();
    instance = std::make_unique<Instance>(
        *image,
        Instance::Surroundings{.host = &FakeHost::table(), .context = &host, .grants = &grants},
        *inbox, 7);
  }

  // Polls only when the inbox says so.
  PollStep run_when_woken() {
    while (true) {
      const PollStep step = instance->poll();
      if (step == PollStep::Yielded) continue;
      if (step != PollStep::Pending) return step;
      woken.wait(false);
      woken.store(false);
      std::array<std::uint64_t, 4> tokens{};
      const std::size_t count = inbox->take(tokens);
      EXPECT_EQ(count, 1U);
      EXPECT_EQ(tokens[0], 7U);
      waits += 1;
    }
  }

  base::TemporaryFolder folder;
  Directory directory{.host_path = lend(std::string_view(folder.path().native())),
                      .guest_path = lend(std::string_view("/data")),
                      .writable = true,
                      .quota_bytes = 1'000'000,
                      .quota_files = 1'000};
  std::shared_ptr<const Image> image = guest_image("libc_files");
  Share share{*test_engine(), "inbox", 100};
  Grants grants = Guest::kGrants;
  FakeHost host;
  std::atomic<bool> woken{false};
  int waits = 0;
  std::unique_ptr<Inbox> inbox = std::make_unique<Inbox>(
      [](void* flag) {
        static_cast<std::atomic<bool>*>(flag)->store(true);
        static_cast<std::atomic<bool>*>(flag)->notify_one();
      },
      &woken);
  std::unique_ptr<Instance> instance;
};

TEST(Inbox, WakesTheOwnerWhenAFileCallIsDone) {
  FileGuest guest;
  ASSERT_EQ(guest.run_when_woken(), PollStep::Idle) << guest.instance->fault_text();
  const TestRequest request{.path = "/read"};
  const Request view = request.view();

  // A call may be done before the poll that made it has returned: then nobody is woken.
  for (int attempt = 0; attempt < 10'000 && guest.waits == 0; ++attempt) {
    guest.host.clear_response();
    guest.instance->begin(view, &guest.host);
    ASSERT_EQ(guest.run_when_woken(), PollStep::Idle) << guest.instance->fault_text();
    EXPECT_EQ(guest.host.response, "an old file");
  }
  EXPECT_GT(guest.waits, 0);
}

TEST(Inbox, IsNotNeededByWakersThatOutliveIt) {
  FileGuest guest;
  ASSERT_EQ(guest.run_when_woken(), PollStep::Idle);
  const TestRequest request{.path = "/read"};
  const Request view = request.view();
  guest.instance->begin(view, &guest.host);
  while (guest.instance->poll() == PollStep::Yielded) {
  }
  // A file call may be under way; its waker finds neither.
  guest.inbox.reset();
  guest.instance.reset();
}

TEST(Inbox, GivesNoTokenOfAnInstanceThatIsGone) {
  FileGuest guest;
  ASSERT_EQ(guest.run_when_woken(), PollStep::Idle);
  const TestRequest request{.path = "/read"};
  const Request view = request.view();
  guest.instance->begin(view, &guest.host);
  PollStep step = guest.instance->poll();
  while (step == PollStep::Yielded) step = guest.instance->poll();
  if (step == PollStep::Pending) guest.woken.wait(false);
  // Whatever it is, it is about an instance that is gone now.
  guest.instance.reset();

  std::array<std::uint64_t, 4> tokens{};
  EXPECT_EQ(guest.inbox->take(tokens), 0U);
}

}  // namespace
}  // namespace pear::engine

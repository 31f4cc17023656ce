// What the tests of `pear up` and `pear serve` stand on: a project, a terminal that is read, and
// engines that only remember what they were to serve.
//
// Thread: the test's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "cli/captured_terminal.h"
#include "cli/fake_engines.h"
#include "cli/program.h"
#include "cli/up.h"
#include "keeper/listener_set.h"
#include "keeper/shared_memory.h"

namespace pear::cli {

class UpCommand : public testing::Test {
 public:
  int run(const std::vector<std::string>& arguments) {
    return run_program(arguments, captured.terminal, "",
                       {[this](Program& program) { add_up_command(program, surroundings); },
                        [this](Program& program) { add_serve_command(program, surroundings); }});
  }
  void write_project(const std::string& more = "") const {
    ASSERT_TRUE(replace_file(folder.path() / "pear.toml",
                             "pear_version = 1\n[site.shop]\nsource = \"shop.wasm\"\n" + more));
  }
  // What runs as `pear` where another process is started.
  void write_program(const std::string& script) {
    const std::filesystem::path program = folder.path() / "program";
    ASSERT_TRUE(create_file(program, "#!/bin/sh\n" + script + "\n"));
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    surroundings.program = program.native();
  }
  void write_component() const { ASSERT_TRUE(replace_file(folder.path() / "shop.wasm", "wasm")); }
  [[nodiscard]] std::string path() const { return folder.path().native(); }

  base::TemporaryFolder folder;
  CapturedTerminal captured;
  FakeEngines fake;
  Engines engines = fake.engines();
  keeper::Inheritance inherited;
  Surroundings surroundings{.engines = engines, .inherited = inherited};
};

inline void close_sockets(const ServeRequest& request) {
  for (const auto* lists : {&request.fds_by_address, &request.udp_fds_by_address}) {
    for (const auto& fds : *lists) {
      for (const int fd : fds) ::close(fd);
    }
  }
}

inline void close_all(const ServeRequest& request) {
  close_sockets(request);
  if (request.ready_fd >= 0) ::close(request.ready_fd);
}

class ServeCommand : public UpCommand {
 public:
  void SetUp() override {
    auto listeners = keeper::ListenerSet::open({.listen = {{.host = "127.0.0.1", .port = 0}}}, 2);
    ASSERT_TRUE(listeners);
    address = listeners->addresses()[0].address;
    inherited.fds_by_address = listeners->release(keeper::Transport::Tcp);
    state = io::UniqueFd(::memfd_create("state", MFD_CLOEXEC));
    inherited.state_fd = state.get();
    memory = keeper::make_shared_memory();
    inherited.shared_memory_fd = memory.get();
    write_project("[server]\ncores = 2\n");
    write_component();
  }
  void TearDown() override {
    for (const ServeRequest& request : fake.served) close_all(request);
  }

  config::ListenAddress address;
  io::UniqueFd state;
  io::UniqueFd memory;
};

}  // namespace pear::cli

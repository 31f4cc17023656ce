// What `pear bench` is asked for, and the plans that it comes to.
//
// Thread: main.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/text_file.h"
#include "load/digest.h"
#include "load/run.h"

namespace pear::cli {

struct BenchOptions {
  load::MakeDigest make_digest = nullptr;

  std::vector<std::string> urls;
  std::uint32_t connections = 64;
  std::uint32_t threads = 1;
  std::string duration;
  std::uint64_t requests = 0;  // 0: no bound.
  double rate = 0;             // 0: closed loop.
  std::string warm_up = "0ms";
  std::string timeout = "5s";
  std::string hold;
  std::uint32_t rounds = 0;  // 0: one, or five of several targets.
  bool new_connections = false;

  std::vector<std::string> http;  // None: Auto for all. One: for all. Else one for each URL.
  std::uint32_t streams = 0;      // 0: as the version has it.
  std::string ca;
  bool insecure = false;
  bool resume = false;
  bool early_data = false;
  bool no_hybrid = false;
  std::vector<std::string> connect_to;

  std::string method;
  std::vector<std::string> headers;
  std::optional<std::string> body;
  std::optional<std::string> body_file;

  std::string replay;
  double speed = 0;  // 0: not with the log's own timing.

  std::uint32_t expect_status = 0;  // 0: any 2xx or 3xx.
  std::string expect_sha256;
  bool timeline = false;
  std::vector<int> server_pids;
  bool json = false;
  bool allow_remote = false;
};

// The plan once for each URL, alike but for their targets and versions. An error is a sentence.
[[nodiscard]] Told<std::vector<load::TargetToMeasure>> targets_of(const BenchOptions& options,
                                                                  const Terminal& terminal);

}  // namespace pear::cli

// SiteOptions: which site or project a command is about, and what the command line says over its
// file.
//
// Shared by up, watch, serve, build and validate, which must understand the same words.
//
// Thread: main.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "config/load.h"
#include "control/certificate_files.h"

namespace pear::cli {

struct SiteOptions {
  std::string path = ".";
  std::vector<std::string> listen;
  std::vector<std::string> https;
  std::string cores;
  std::string preset;
  std::string isolation;
  std::vector<std::string> set;
};

// Adds PATH and --set; for a command that reads a project.
void add_project_options(CLI::App& app, SiteOptions& options);
// Adds --listen, --https, --cores, --preset and --isolation as well; for a command that serves.
void add_serving_options(CLI::App& app, SiteOptions& options);

// The arguments that give the same options to another process.
[[nodiscard]] std::vector<std::string> to_arguments(const SiteOptions& options);

[[nodiscard]] config::Overrides to_overrides(const SiteOptions& options);

// Loads the project and shows warnings and problems. The settings are null when there are problems.
[[nodiscard]] config::LoadResult load_and_show(const SiteOptions& options,
                                               const Terminal& terminal);

// What is wrong with certificates: warnings, then problems.
void show_findings(const control::CertificateCheck& check, const Terminal& terminal);

// The problems as errors, one line each, and what to do next.
void show_problems(const std::vector<config::Problem>& problems, const Terminal& terminal);

}  // namespace pear::cli

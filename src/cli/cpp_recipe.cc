#include "cli/cpp_recipe.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/child.h"
#include "cli/embedded_files.h"
#include "cli/progress.h"

namespace pear::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTarget = "--target=wasm32-wasi";
constexpr std::string_view kInstall =
    "apt install clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 "
    "libclang-rt-19-dev-wasm32";

// FNV-1a: tells SDKs of different versions of Pear apart; nothing is trusted for it.
std::uint64_t fingerprint_of_sdk() {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
  };
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with("sdk/")) continue;
    add(file.path);
    add(file.content);
  }
  return hash;
}

// What a compiler says to a question about its installation; empty when it is not there.
std::string ask(const std::string& compiler, const std::string& question) {
  const auto output = output_of({.arguments = {compiler, std::string(kTarget), question}});
  if (!output || keeper::exit_code_of(output->cause) != 0) return {};
  return output->text.substr(0, output->text.find('\n'));
}

// clang answers with the bare name where it does not find a file.
bool finds(const std::string& compiler, const std::string& library) {
  return ask(compiler, "-print-file-name=" + library).starts_with('/');
}

std::vector<std::string> compiler_candidates() {
  std::vector<std::string> out;
  // Read on the main thread, while nothing changes the environment.
  if (const char* own = std::getenv("PEAR_CXX"); own != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    out.emplace_back(own);
  }
  for (const char* name : {"clang++-19", "clang++-20", "clang++-21", "clang++"}) {
    out.emplace_back(name);
  }
  return out;
}

// A folder that others may write to could make the compiler read their headers.
Told<void> make_own_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  struct stat status{};
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return std::unexpected(fmt::format("cannot make the folder {}: {}", printable(folder.native()),
                                       ::strerrordesc_np(errno)));
  }
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & 022U) != 0) {
    return std::unexpected(fmt::format(
        "the folder {} must be yours alone: remove it, or set server.cache to another place",
        printable(folder.native())));
  }
  return {};
}

std::vector<std::string> compiler_arguments(const std::string& compiler, const CppBuild& build,
                                            const fs::path& sdk, const fs::path& core) {
  std::vector<std::string> out{compiler};
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.path == "sdk/cpp_flags.txt") {
      for (std::string& flag : flags_in(file.content)) out.push_back(std::move(flag));
    }
  }
  out.push_back("-I" + (sdk / "include").native());
  out.emplace_back("-o");
  out.push_back(core.native());
  // An absolute path is never taken for an option.
  for (const fs::path& source : build.sources) out.push_back(fs::absolute(source).native());
  return out;
}

Told<void> compile(const std::vector<std::string>& arguments, const Terminal& terminal) {
  Told<keeper::ExitCause> cause;
  run_with_progress("compiling C++", terminal,
                    [&] { cause = run_child({.arguments = arguments}); });
  if (!cause) return std::unexpected(cause.error());
  if (keeper::exit_code_of(*cause) != 0) {
    return std::unexpected(
        fmt::format("the compiler ended with {}: its messages are above", keeper::to_text(*cause)));
  }
  return {};
}

}  // namespace

std::vector<std::string> flags_in(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (!line.empty() && line.front() == '-') out.emplace_back(line);
  }
  return out;
}

Told<std::string> find_cpp_compiler(std::span<const std::string> candidates) {
  constexpr std::array<const char*, 2> kLibraries{"libc.a", "libc++.a"};
  std::string found;
  for (const std::string& candidate : candidates) {
    if (ask(candidate, "-print-prog-name=wasm-ld").empty()) continue;
    if (found.empty()) found = candidate;
    const bool complete = std::ranges::all_of(
        kLibraries, [&](const char* library) { return finds(candidate, library); });
    if (complete && ask(candidate, "-print-prog-name=wasm-ld").starts_with('/')) return candidate;
  }
  if (found.empty()) {
    return std::unexpected(
        fmt::format("no C++ compiler for WebAssembly is installed: {}", kInstall));
  }
  return std::unexpected(fmt::format(
      "{} is there, but not the libraries or the linker for WebAssembly: {}", found, kInstall));
}

Told<fs::path> unpack_sdk(const fs::path& cache) {
  if (cache.empty()) {
    return std::unexpected("no place for the SDK: set HOME, XDG_CACHE_HOME or server.cache");
  }
  fs::path folder = cache / fmt::format("sdk-{:016x}", fingerprint_of_sdk());
  if (auto made = make_own_folder(folder); !made) return std::unexpected(made.error());
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with("sdk/")) continue;
    const fs::path path = folder / file.path.substr(4);
    if (read_file(path) == std::string(file.content)) continue;
    if (auto written = replace_file(path, file.content); !written) {
      return std::unexpected(written.error());
    }
  }
  return folder;
}

std::vector<fs::path> cpp_sources_in(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const fs::path& place : {folder, folder / "src"}) {
    std::error_code error;
    for (fs::directory_iterator entry(place, error), end; !error && entry != end;
         entry.increment(error)) {
      const fs::path extension = entry->path().extension();
      if (extension == ".cc" || extension == ".cpp") out.push_back(entry->path());
    }
  }
  std::ranges::sort(out);
  return out;
}

Told<void> build_cpp(const CppBuild& build, const Engines& engines, const Terminal& terminal) {
  const auto candidates = compiler_candidates();
  const auto compiler = find_cpp_compiler(candidates);
  if (!compiler) return std::unexpected(compiler.error());
  const auto sdk = unpack_sdk(build.cache);
  if (!sdk) return std::unexpected(sdk.error());

  const fs::path core = fmt::format("{}.{}.core", build.out.native(), ::getpid());
  std::error_code error;
  if (build.out.has_parent_path()) fs::create_directories(build.out.parent_path(), error);
  auto compiled = compile(compiler_arguments(*compiler, build, *sdk, core), terminal);
  if (!compiled) {
    fs::remove(core, error);
    return compiled;
  }
  const auto module = read_file(core);
  fs::remove(core, error);
  if (!module) return std::unexpected(module.error());
  const auto component = engines.componentize(*module, *sdk / "wit", "site");
  if (!component) {
    return std::unexpected(fmt::format("{} does not become a component: {}",
                                       printable(build.out.native()),
                                       printable(component.error())));
  }
  return replace_file(build.out, *component);
}

}  // namespace pear::cli

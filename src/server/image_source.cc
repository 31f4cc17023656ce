#include "server/image_source.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "io/clock.h"
#include "io/unique_fd.h"

namespace pear::server {
namespace {

std::string why(int os_errno) {
  return std::error_code(os_errno, std::generic_category()).message();
}

std::expected<std::vector<std::uint8_t>, std::string> read_component(const std::string& path) {
  // O_NONBLOCK: a FIFO must not hold the worker.
  const io::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return std::unexpected(fmt::format("{}: {}", path, why(errno)));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) {
    return std::unexpected(fmt::format("{}: {}", path, why(errno)));
  }
  if (!S_ISREG(info.st_mode)) return std::unexpected(fmt::format("{}: is not a file", path));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > ImageSource::kComponentBytesMax) {
    return std::unexpected(fmt::format("{}: is {} MiB large; a component may have {} MiB", path,
                                       size >> 20U, ImageSource::kComponentBytesMax >> 20U));
  }
  std::vector<std::uint8_t> bytes(size);
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t n = ::read(file.get(), bytes.data() + got, bytes.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(fmt::format("{}: {}", path, why(errno)));
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

control::LoadedImage named(std::shared_ptr<const engine::Image> image) {
  std::string digest;
  for (const std::uint8_t byte : image->digest()) digest += fmt::format("{:02x}", byte);
  return {.image = std::move(image), .digest = std::move(digest)};
}

}  // namespace

std::uint64_t ImageSource::fingerprint(const config::SiteSettings& site) {
  const auto component = read_component(site.source.string());
  if (!component) return 0;
  std::uint64_t start = 0;
  const engine::Digest digest = engine::digest_of(*component);
  std::memcpy(&start, digest.data(), sizeof(start));
  return start;
}

std::expected<control::LoadedImage, std::string> ImageSource::load(
    const config::SiteSettings& site) {
  // Of a crash in here, or of a compiler that takes all memory, this is the site to blame.
  signs_.thread_id.store(::gettid(), std::memory_order_relaxed);
  const base::WorkFor work(signs_, base::site_key(site.name), base::Activity::Compile);
  const std::string path = site.source.string();
  const auto component = read_component(path);
  if (!component) {
    return std::unexpected(component.error() + " (build the site first: pear build)");
  }
  const auto say_compiling = [&] {
    logger_.event(io::wall_time(), {.name = "image_compiling",
                                    .subject = {.site = site.name},
                                    .message = "compiling the component; this happens once"});
  };
  auto loaded = cache_.get_or_compile(*component, site.source, say_compiling);
  if (const std::string problem = cache_.problem(); !problem.empty() && !problem_said_) {
    problem_said_ = true;
    logger_.event(
        io::wall_time(),
        {.level = log::Level::Warning, .name = "image_cache_unusable", .message = problem});
  }
  if (!loaded) return std::unexpected(fmt::format("{}: {}", path, loaded.error()));
  return named(std::move(loaded->image));
}

std::expected<control::LoadedImage, std::string> ImageSource::load_last(
    const config::SiteSettings& site) {
  const base::WorkFor work(signs_, base::site_key(site.name), base::Activity::Compile);
  const auto digest = last_.find(site.name);
  if (!digest) return std::unexpected("it never ran");
  auto image = cache_.find(*digest, site.source);
  if (image == nullptr) return std::unexpected("its last image is not in the cache any more");
  return named(std::move(image));
}

void ImageSource::remember(std::string_view site, const engine::Image& image) {
  last_.remember(site, image.digest());
}

}  // namespace pear::server

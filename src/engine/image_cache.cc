#include "engine/image_cache.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fmt/format.h>
#include <malloc.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace pear::engine {

namespace {

constexpr const char* kKeyName = "key";
constexpr std::string_view kSuffix = ".image";
constexpr std::string_view kTemporary = "new-";
constexpr std::time_t kTemporaryLife = 3600;  // Then who wrote it is gone.

std::string reason(int error) {
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known errors.
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string temporary_name() {
  std::array<std::uint8_t, 8> random{};
  RAND_bytes(random.data(), random.size());
  return fmt::format("{}{}", kTemporary, hex(random));
}

// A file that only we can have written.
bool is_ours(const struct stat& found) {
  return S_ISREG(found.st_mode) && found.st_uid == geteuid() && (found.st_mode & 0022U) == 0;
}

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

ImageCache::ImageCache(std::shared_ptr<const Engine> engine, const std::filesystem::path& folder,
                       Bytes bytes_max)
    : engine_(std::move(engine)), bytes_max_(bytes_max), folder_path_(folder) {
  if (folder.empty()) return;
  std::string problem = open_folder(folder);
  if (problem.empty()) problem = open_key();
  if (problem.empty()) return;
  folder_ = OwnedFd();
  note(fmt::format("compiled components are not kept: {}", problem));
}

std::string ImageCache::open_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return fmt::format("{} cannot be made: {}", folder.native(), reason(errno));
  }
  folder_ = OwnedFd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found{};
  if (!folder_.is_open() || fstat(folder_.get(), &found) != 0) {
    return fmt::format("{} cannot be opened as a folder: {}", folder.native(), reason(errno));
  }
  if (found.st_uid != geteuid()) {
    return fmt::format("{} belongs to another user", folder.native());
  }
  if ((found.st_mode & 0077U) != 0) {
    return fmt::format("{} is open to other users: chmod 700 it", folder.native());
  }
  return {};
}

std::string ImageCache::open_key() {
  const auto failed = [&](std::string_view what) {
    return fmt::format("{}/{} cannot be {}: {}", folder_path_.native(), kKeyName, what,
                       reason(errno));
  };
  // Twice: another process may make it between the two attempts.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const OwnedFd old(openat(folder_.get(), kKeyName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (old.is_open()) {
      struct stat found{};
      const bool usable = fstat(old.get(), &found) == 0 && is_ours(found) &&
                          (found.st_mode & 0077U) == 0 && found.st_size == sizeof key_ &&
                          ::read(old.get(), key_.data(), key_.size()) == sizeof key_;
      if (usable) return {};
      // Not a key that we made. Without it nothing that is there can be trusted; with a new one
      // nothing of it will be.
      if (unlinkat(folder_.get(), kKeyName, 0) != 0) return failed("replaced");
    } else if (errno != ENOENT) {
      return failed("read");
    }
    // Made under another name, so that no process ever reads half of it.
    const std::string temporary = temporary_name();
    SealKey value;
    RAND_bytes(value.data(), value.size());
    const OwnedFd made(openat(folder_.get(), temporary.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made.is_open()) return failed("made");
    const bool written = write(made.get(), value.data(), value.size()) == sizeof value;
    const int linked =
        written ? linkat(folder_.get(), temporary.c_str(), folder_.get(), kKeyName, 0) : -1;
    const int error = errno;
    unlinkat(folder_.get(), temporary.c_str(), 0);
    errno = error;
    if (linked == 0) {
      key_ = value;
      return {};
    }
    if (error != EEXIST) return failed("made");
  }
  return fmt::format("{}/{} changes while it is read", folder_path_.native(), kKeyName);
}

std::string ImageCache::name_of(const Digest& component) const {
  SHA256_CTX hash;
  Digest name;
  SHA256_Init(&hash);
  SHA256_Update(&hash, component.data(), component.size());
  SHA256_Update(&hash, engine_->fingerprint().data(), engine_->fingerprint().size());
  SHA256_Final(name.data(), &hash);
  return hex(name) + std::string(kSuffix);
}

std::shared_ptr<const Image> ImageCache::read(const std::string& name, const ImageOrigin& origin) {
  const OwnedFd file(openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found{};
  if (!file.is_open() || fstat(file.get(), &found) != 0) return nullptr;
  if (is_ours(found)) {
    const auto mapped = MappedFile::open(file.get(), static_cast<std::size_t>(found.st_size));
    const auto code = mapped ? unsealed(mapped->bytes(), name, key_) : std::nullopt;
    if (code) {
      auto image = Image::load_file(engine_, file.get(), origin);
      // A file system that forbids execution: a copy in memory does as well.
      if (!image) image = Image::load(engine_, *code, origin);
      if (image) {
        futimens(file.get(), nullptr);  // Used now: see evict().
        return *image;
      }
    }
  }
  unlinkat(folder_.get(), name.c_str(), 0);
  return nullptr;
}

OwnedFd ImageCache::keep(const std::string& name, std::span<const std::uint8_t> code) {
  const std::string temporary = temporary_name();
  OwnedFd file(openat(folder_.get(), temporary.c_str(),
                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.is_open() && write_sealed(file.get(), code, name, key_) &&
      renameat(folder_.get(), temporary.c_str(), folder_.get(), name.c_str()) == 0) {
    evict(name);
    return file;
  }
  note(fmt::format("a compiled component cannot be kept in {}: {}", folder_path_.native(),
                   reason(errno)));
  if (file.is_open()) unlinkat(folder_.get(), temporary.c_str(), 0);
  return {};
}

void ImageCache::evict(const std::string& newest) {
  struct Entry {
    std::string name;
    std::uint64_t size = 0;
    std::int64_t used = 0;
  };
  const std::lock_guard lock(mutex_);
  const int folder = openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(folder < 0 ? nullptr : fdopendir(folder),
                                                    closedir);
  if (listing == nullptr) {
    if (folder >= 0) close(folder);
    return;
  }
  std::vector<Entry> entries;
  std::uint64_t total = 0;
  while (const dirent* item = readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name = item->d_name;
    struct stat found{};
    if (fstatat(folder, item->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (name.starts_with(kTemporary)) {
      if (found.st_mtime + kTemporaryLife < std::time(nullptr)) unlinkat(folder, item->d_name, 0);
    } else if (name.ends_with(kSuffix)) {
      const auto size = static_cast<std::uint64_t>(found.st_size);
      total += size;
      if (name != newest) {
        entries.push_back({std::string(name), size, nanoseconds(found.st_mtim)});
      }
    }
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& oldest : entries) {
    if (total <= bytes_max_.count) break;
    // Images that run keep their file's content: it is mapped.
    if (unlinkat(folder, oldest.name.c_str(), 0) == 0) total -= oldest.size;
  }
}

Outcome<ImageCache::Loaded> ImageCache::get_or_compile(std::span<const std::uint8_t> component,
                                                       const std::filesystem::path& path,
                                                       const std::function<void()>& on_compile) {
  const auto start = std::chrono::steady_clock::now();
  const auto loaded = [&](std::shared_ptr<const Image> image, Source source) {
    return Loaded{.image = std::move(image),
                  .source = source,
                  .took = std::chrono::steady_clock::now() - start};
  };
  const ImageOrigin origin{.path = path, .digest = digest_of(component)};
  const std::string name = name_of(origin.digest);
  if (folder_.is_open()) {
    if (auto image = read(name, origin)) return loaded(std::move(image), Source::Disk);
  }
  if (on_compile) on_compile();
  auto image = compile(name, origin, component);
  // What the compiler used, hundreds of MiB, would stay with the process in malloc's free lists.
  malloc_trim(0);
  if (!image) return std::unexpected(image.error());
  return loaded(*std::move(image), Source::Compiled);
}

std::shared_ptr<const Image> ImageCache::find(const Digest& component,
                                              const std::filesystem::path& path) {
  if (!folder_.is_open()) return nullptr;
  return read(name_of(component), {.path = path, .digest = component});
}

Outcome<std::shared_ptr<const Image>> ImageCache::compile(const std::string& name,
                                                          const ImageOrigin& origin,
                                                          std::span<const std::uint8_t> component) {
  const auto code = Image::compile(*engine_, component);
  if (!code) return std::unexpected(code.error());
  if (folder_.is_open()) {
    // Mapped from the file, its pages are shared and can be dropped when memory is short.
    const OwnedFd file = keep(name, code->bytes());
    if (file.is_open()) {
      if (auto image = Image::load_file(engine_, file.get(), origin)) return image;
    }
  }
  return Image::load(engine_, code->bytes(), origin);
}

std::string ImageCache::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void ImageCache::note(std::string problem) {
  const std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

}  // namespace pear::engine

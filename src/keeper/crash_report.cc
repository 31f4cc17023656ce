#include "keeper/crash_report.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <elf.h>
#include <execinfo.h>
#include <link.h>

#include "base/log/json_line.h"
#include "base/log/level.h"
#include "base/log/timestamp.h"
#include "io/clock.h"
#include "keeper/server_watch.h"

namespace pear::keeper {
namespace {

constexpr std::array kCrashSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
// Room for the unwinder; more than the engine asks of a stack for signals, so that it takes this.
constexpr std::size_t kSignalStackBytes = 256UL * 1024;
constexpr int kFramesMax = 48;
// A handler that waits for a lock that its own thread holds is ended by this.
constexpr unsigned kAlarmS = 2;

// A file that is mapped to be executed.
struct Module {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::uintptr_t base = 0;
  std::array<char, 32> name{};
};

// All that a handler may look at.
struct Report {
  std::shared_ptr<Vitals> vitals;
  std::array<Module, 64> modules{};
  std::size_t module_count = 0;
  std::array<char, 64> build_id{};
};

// A signal handler can be given nothing; so this is the one thing that it finds.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
constinit std::atomic<Report*> installed{nullptr};

// ---- Before.

void read_build_id(const dl_phdr_info& info, Report& report) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): where the loader says that it lies.
    const auto* at = reinterpret_cast<const char*>(info.dlpi_addr + header.p_vaddr);
    const char* const end = at + header.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note{};
      std::memcpy(&note, at, sizeof(note));
      const char* const name = at + sizeof(note);
      const char* const value = name + (note.n_namesz + 3U) / 4U * 4U;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && value + note.n_descsz <= end) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const std::size_t bytes =
            std::min<std::size_t>(note.n_descsz, report.build_id.size() / 2 - 1);
        for (std::size_t byte = 0; byte < bytes; ++byte) {
          const auto bits = static_cast<unsigned char>(value[byte]);
          report.build_id[2 * byte] = kDigits[bits >> 4U];
          report.build_id[2 * byte + 1] = kDigits[bits & 15U];
        }
        return;
      }
      at = value + (note.n_descsz + 3U) / 4U * 4U;
    }
  }
}

int add_modules(dl_phdr_info* info, std::size_t /*size*/, void* target) {
  Report& report = *static_cast<Report*>(target);
  std::string_view name = info->dlpi_name;
  if (name.empty() && report.module_count == 0) {
    name = "pear";
    read_build_id(*info, report);
  }
  name = name.substr(name.rfind('/') + 1);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    if (report.module_count == report.modules.size()) return 1;
    Module& module = report.modules[report.module_count++];
    module.base = info->dlpi_addr;
    module.begin = info->dlpi_addr + header.p_vaddr;
    module.end = module.begin + header.p_memsz;
    std::ranges::copy(name.substr(0, module.name.size() - 1), module.name.begin());
  }
  return 0;
}

// ---- In a handler.

class FrameText {
 public:
  void add(const Report& report, std::uintptr_t address) {
    std::string_view name = "guest";
    std::uintptr_t base = 0;
    for (const Module& module : std::span(report.modules).first(report.module_count)) {
      if (address < module.begin || address >= module.end) continue;
      name = module.name.data();
      base = module.base;
    }
    if (text_.size() - size_ < name.size() + 24) return;
    if (size_ > 0) text_[size_++] = ' ';
    append(name);
    append("+0x");
    const auto end =
        std::to_chars(text_.data() + size_, text_.data() + text_.size(), address - base, 16);
    size_ = static_cast<std::size_t>(end.ptr - text_.data());
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  void append(std::string_view text) {
    std::ranges::copy(text, text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
  }

  std::array<char, 3'072> text_{};
  std::size_t size_ = 0;
};

// That of the calling thread; null where it is none that is watched.
base::VitalSigns* own_signs(Vitals& vitals) {
  const auto id = static_cast<std::int32_t>(::syscall(SYS_gettid));
  const std::size_t count = std::min<std::size_t>(
      vitals.thread_count.load(std::memory_order_relaxed), Vitals::kThreadsMax);
  for (base::VitalSigns& signs : std::span(vitals.threads).first(count)) {
    if (signs.thread_id.load(std::memory_order_relaxed) == id) return &signs;
  }
  return nullptr;
}

void write_stack(const Report& report, std::string_view event, std::string_view signal) {
  Vitals& vitals = *report.vitals;
  std::array<void*, kFramesMax> addresses{};
  const int count = ::backtrace(addresses.data(), kFramesMax);
  FrameText frames;
  for (int i = 0; i < count; ++i) {
    frames.add(report, reinterpret_cast<std::uintptr_t>(addresses[static_cast<std::size_t>(i)]));
  }
  log::Timestamp timestamp;
  std::array<char, log::Timestamp::kBytes> stamp{};
  timestamp.write(WallTime(io::read_clock(CLOCK_REALTIME)), stamp);
  std::array<char, 4'096> buffer{};
  log::JsonLine line(buffer);
  line.plain("ts", {stamp.data(), stamp.size()});
  line.plain("level", log::name(log::Level::Error));
  line.plain("event", event);
  line.plain("signal", signal);
  if (const base::VitalSigns* const signs = own_signs(vitals)) {
    const auto index = static_cast<std::size_t>(signs - vitals.threads.data());
    if (index >= Vitals::kFirstCore) line.number("core", index - Vitals::kFirstCore);
    line.plain("activity", base::name(signs->activity.load(std::memory_order_relaxed)));
  }
  line.plain("build_id", report.build_id.data());
  line.text("stack", frames.view(), 3'500);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, buffer.data(), line.finish());
}

std::string_view name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

// Whose fault it is, for the keeper. A thread of a compiler that makes use of many is not known by
// itself: then it is whoever is compiled.
void blame(Vitals& vitals) {
  const base::VitalSigns* signs = own_signs(vitals);
  if (signs == nullptr) signs = &vitals.threads[Vitals::kCompiler];
  vitals.blamed_site.store(signs->site.load(std::memory_order_relaxed), std::memory_order_relaxed);
  vitals.crashed_start.store(vitals.start.load(std::memory_order_relaxed),
                             std::memory_order_release);
}

void on_crash(int signal, siginfo_t* info, void* /*context*/) {
  const int saved_errno = errno;
  // A crash in here ends the process; so does the end of this, since what caused it is done again.
  ::signal(signal, SIG_DFL);
  const bool sent = info->si_code <= 0;
  const bool own = !sent || info->si_pid == ::getpid();
  Report* const report = installed.load(std::memory_order_acquire);
  if (report != nullptr) {
    if (own) blame(*report->vitals);
    ::alarm(kAlarmS);
    write_stack(*report, "server_crashed", name_of(signal));
  }
  if (sent) ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
  errno = saved_errno;
}

void on_stack_wanted(int /*signal*/, siginfo_t* info, void* /*context*/) {
  // Only the keeper may ask, and this process itself, which has no reason to.
  if (info->si_pid != ::getppid()) return;
  const int saved_errno = errno;
  if (Report* const report = installed.load(std::memory_order_acquire)) {
    write_stack(*report, "server_stack", "none");
    Vitals& vitals = *report->vitals;
    vitals.stack_written_start.store(vitals.start.load(std::memory_order_relaxed),
                                     std::memory_order_release);
  }
  errno = saved_errno;
}

void install_handler(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction before{};
  ::sigaction(signal, nullptr, &before);
  if ((before.sa_flags & SA_SIGINFO) != 0 || before.sa_handler != SIG_DFL) return;
  struct sigaction action{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

void CrashReport::install(std::shared_ptr<Vitals> vitals) {
  // For the rest of the process: a handler may run at its very end.
  auto report = std::make_unique<Report>();
  report->vitals = std::move(vitals);
  ::dl_iterate_phdr(add_modules, report.get());
  installed.store(report.release(), std::memory_order_release);
  // The first call loads the unwinder, which no handler may.
  std::array<void*, 1> unused{};
  static_cast<void>(::backtrace(unused.data(), 1));
  for (const int signal : kCrashSignals) install_handler(signal, on_crash);
  install_handler(stack_signal(), on_stack_wanted);
}

WatchedThread::WatchedThread(base::VitalSigns& signs) : signs_(signs) {
  void* const stack = ::mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  stack_ = stack == MAP_FAILED ? nullptr : stack;
  if (stack_ != nullptr) {
    const stack_t wanted{.ss_sp = stack_, .ss_flags = 0, .ss_size = kSignalStackBytes};
    ::sigaltstack(&wanted, nullptr);
  }
  signs_.thread_id.store(::gettid(), std::memory_order_relaxed);
}

WatchedThread::~WatchedThread() {
  signs_.thread_id.store(0, std::memory_order_relaxed);
  if (stack_ == nullptr) return;
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  ::sigaltstack(&none, nullptr);
  ::munmap(stack_, kSignalStackBytes);
}

}  // namespace pear::keeper

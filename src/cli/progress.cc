#include "cli/progress.h"

#include <array>
#include <future>

#include <fmt/format.h>

namespace pear::cli {

void show_elapsed(std::string_view what, std::chrono::milliseconds elapsed,
                  const Terminal& terminal) {
  constexpr std::array<std::string_view, 8> kTurning{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"};
  if (elapsed < kPatience) return;
  const auto turn = static_cast<std::size_t>(elapsed / std::chrono::milliseconds(100));
  terminal.show_progress(fmt::format("{} {} … {}",
                                     terminal.err(Colour::Cyan, kTurning[turn % kTurning.size()]),
                                     what, duration_text(elapsed)));
}

std::chrono::nanoseconds run_with_progress(std::string_view what, const Terminal& terminal,
                                           const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [start] { return std::chrono::steady_clock::now() - start; };
  const std::future<void> done = std::async(std::launch::async, work);
  bool said = false;
  while (done.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
    show_elapsed(what, std::chrono::duration_cast<std::chrono::milliseconds>(elapsed()), terminal);
    if (!said && !terminal.shows_progress() && elapsed() >= kPatience) {
      terminal.note(fmt::format("{} …", what));
      said = true;
    }
  }
  terminal.clear_progress();
  return elapsed();
}

}  // namespace pear::cli

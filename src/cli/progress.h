// Progress: a sign of life for what takes longer than two seconds.
//
// Thread: main calls; the work itself runs on a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "cli/terminal.h"

namespace pear::cli {

// What takes less stays silent.
inline constexpr std::chrono::milliseconds kPatience{2'000};

// Shows "⠼ compiling shop.wasm … 3.2 s" once `elapsed` is beyond kPatience; nothing before, and
// nothing where the stream is no terminal.
void show_elapsed(std::string_view what, std::chrono::milliseconds elapsed,
                  const Terminal& terminal);

// Runs `work` and shows how long it takes meanwhile. Where the stream is no terminal, one line
// after kPatience says what is being waited for. Returns how long it took.
std::chrono::nanoseconds run_with_progress(std::string_view what, const Terminal& terminal,
                                           const std::function<void()>& work);

}  // namespace pear::cli

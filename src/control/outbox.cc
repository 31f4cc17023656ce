#include "control/outbox.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "model/site_table.h"

namespace pear::control {
namespace {

template <typename Kind>
Kind* same_wish(std::deque<data::CoreCommand>& waiting, CageId cage) {
  for (data::CoreCommand& command : waiting) {
    auto* const wish = std::get_if<Kind>(&command);
    if (wish != nullptr && wish->cage == cage) return wish;
  }
  return nullptr;
}

// Whether `command` is pointless once `cage` is to end.
bool ends_with(const data::CoreCommand& command, CageId cage) {
  if (const auto* grant = std::get_if<data::GrantRecovery>(&command)) return grant->cage == cage;
  if (const auto* check = std::get_if<data::CheckCage>(&command)) return check->cage == cage;
  return false;
}

}  // namespace

void Outbox::send(data::CoreCommand command) {
  if (const auto* grant = std::get_if<data::GrantRecovery>(&command)) {
    if (auto* const older = same_wish<data::GrantRecovery>(waiting_, grant->cage)) {
      older->credits += grant->credits;
      return;
    }
  } else if (const auto* check = std::get_if<data::CheckCage>(&command)) {
    if (auto* const older = same_wish<data::CheckCage>(waiting_, check->cage)) {
      older->nonce = check->nonce;
      older->path = check->path;
      return;
    }
  } else if (const auto* end = std::get_if<data::TerminateCage>(&command)) {
    std::erase_if(waiting_, [&](const auto& older) { return ends_with(older, end->cage); });
  } else if (const auto* spawn = std::get_if<data::SpawnCage>(&command)) {
    // The spawn brings a full measure of credits.
    std::erase_if(waiting_, [&](const auto& older) { return ends_with(older, spawn->cage); });
  } else if (std::holds_alternative<data::PublishCertificates>(command) ||
             std::holds_alternative<data::ApplySettings>(command)) {
    // Of those only the latest counts.
    std::erase_if(waiting_, [&](const auto& older) { return older.index() == command.index(); });
  }
  waiting_.push_back(std::move(command));
}

bool Outbox::push(data::CoreCommand&& command, bool& wake) {
  const base::PushResult result = commands_.try_push(std::move(command));
  wake = wake || result == base::PushResult::QueuedOnEmpty;
  return result != base::PushResult::Full;
}

bool Outbox::flush() {
  bool wake = false;
  if (table_ != nullptr && push(data::PublishSites{.sites = table_}, wake)) table_.reset();
  while (table_ == nullptr && !waiting_.empty() && push(std::move(waiting_.front()), wake)) {
    waiting_.pop_front();
  }
  if (wake) core_waker_.wake();
  return waiting() == 0;
}

}  // namespace pear::control

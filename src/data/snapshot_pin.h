// SnapshotPin: keeps a published site table alive for the exchanges that matched in it.
//
// A shared_ptr in every exchange would bounce its count between the cores with each request; this
// counts on one core alone.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "model/site_table.h"

namespace pear::data {

class SnapshotPin {
 public:
  explicit SnapshotPin(std::shared_ptr<const model::SiteTable> table) : table_(std::move(table)) {}
  ~SnapshotPin() { PEAR_ASSERT(users_ == 0, "an exchange would look into freed sites"); }
  SnapshotPin(const SnapshotPin&) = delete;
  SnapshotPin& operator=(const SnapshotPin&) = delete;
  SnapshotPin(SnapshotPin&&) = delete;
  SnapshotPin& operator=(SnapshotPin&&) = delete;

  [[nodiscard]] const model::SiteTable& table() const { return *table_; }
  void hold() { ++users_; }
  void let_go() { --users_; }
  [[nodiscard]] bool in_use() const { return users_ != 0; }

 private:
  std::shared_ptr<const model::SiteTable> table_;
  std::uint64_t users_ = 0;
};

}  // namespace pear::data

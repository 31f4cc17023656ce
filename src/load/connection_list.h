// ConnectionList: connections of a worker that have room, to take from and to leave in O(1).
//
// Thread: core-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pear::load {

class LoadConnection;

class ConnectionList {
 public:
  static constexpr std::size_t kNowhere = SIZE_MAX;

  // A connection and its place, which the list keeps up to date.
  struct Member {
    LoadConnection* connection = nullptr;  // Borrowed, never null.
    ConnectionList* list = nullptr;        // The one that it is in; null: none.
    std::size_t place = kNowhere;
  };

  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  // The one that came last.
  [[nodiscard]] Member& back() { return *members_.back(); }

  // Into `list`, and out of the one that it is in. Null: into none.
  static void move(Member& member, ConnectionList* list) {
    if (member.list == list) return;
    if (member.list != nullptr) member.list->remove(member);
    member.list = list;
    if (list == nullptr) return;
    member.place = list->members_.size();
    list->members_.push_back(&member);
  }

 private:
  void remove(const Member& member) {
    Member* const last = members_.back();
    members_[member.place] = last;
    last->place = member.place;
    members_.pop_back();
  }

  std::vector<Member*> members_;
};

}  // namespace pear::load

// IntrusiveList: a doubly linked list of objects that carry their own links.
//
// T derives from ListHook<Tag>; one hook (and one Tag) for each list that it may be in at a time.
// No allocation, O(1) unlinking without knowing the list. An object that dies leaves its list.
//
// Thread: core-local.
// Memory: 16 bytes a hook. The list owns nothing; it must be empty when it is destroyed.
#pragma once

#include <cstddef>
#include <iterator>

#include "base/assert.h"

namespace pear::base {

template <typename Tag = void>
class ListHook {
 public:
  ListHook() = default;
  ~ListHook() { unlink(); }

  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ListHook(ListHook&&) = delete;
  ListHook& operator=(ListHook&&) = delete;

  [[nodiscard]] bool linked() const { return next_ != nullptr; }

  // Leaves the list, if it is in one.
  void unlink() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = nullptr;
    next_ = nullptr;
  }

 private:
  template <typename, typename>
  friend class IntrusiveList;

  void link_before(ListHook& place) {
    PEAR_ASSERT(next_ == nullptr, "an object is in one list of a kind at a time");
    prev_ = place.prev_;
    next_ = &place;
    place.prev_->next_ = this;
    place.prev_ = this;
  }

  ListHook* prev_ = nullptr;  // Borrowed, null when in no list.
  ListHook* next_ = nullptr;
};

template <typename T, typename Tag = void>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  class Iterator {
   public:
    // NOLINTBEGIN(readability-identifier-naming): the library's names.
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;
    // NOLINTEND(readability-identifier-naming)

    Iterator() = default;
    explicit Iterator(Hook* hook) : hook_(hook) {}
    T& operator*() const { return static_cast<T&>(*hook_); }
    T* operator->() const { return static_cast<T*>(hook_); }
    Iterator& operator++() {
      hook_ = hook_->next_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    Iterator& operator--() {
      hook_ = hook_->prev_;
      return *this;
    }
    Iterator operator--(int) {
      Iterator before = *this;
      --*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    Hook* hook_ = nullptr;
  };

  IntrusiveList() { make_empty(); }
  ~IntrusiveList() {
    PEAR_ASSERT(empty(), "what is linked would point at a dead list");
    root_.prev_ = nullptr;
    root_.next_ = nullptr;
  }

  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  IntrusiveList(IntrusiveList&&) = delete;
  IntrusiveList& operator=(IntrusiveList&&) = delete;

  void push_back(T& item) { static_cast<Hook&>(item).link_before(root_); }
  void push_front(T& item) { static_cast<Hook&>(item).link_before(*root_.next_); }

  // Null when the list is empty.
  T* pop_front() {
    T* const first = front();
    if (first != nullptr) static_cast<Hook*>(first)->unlink();
    return first;
  }

  // Moves all of `other` behind what is here, in order. O(1).
  void splice_back(IntrusiveList& other) {
    if (other.empty()) return;
    Hook& first = *other.root_.next_;
    Hook& last = *other.root_.prev_;
    root_.prev_->next_ = &first;
    first.prev_ = root_.prev_;
    last.next_ = &root_;
    root_.prev_ = &last;
    other.make_empty();
  }

  [[nodiscard]] bool empty() const { return root_.next_ == &root_; }
  // Null when the list is empty.
  [[nodiscard]] T* front() const { return empty() ? nullptr : static_cast<T*>(root_.next_); }
  [[nodiscard]] T* back() const { return empty() ? nullptr : static_cast<T*>(root_.prev_); }

  // The item under an iterator may be unlinked once the iterator has moved on.
  [[nodiscard]] Iterator begin() { return Iterator(root_.next_); }
  [[nodiscard]] Iterator end() { return Iterator(&root_); }

 private:
  void make_empty() {
    root_.prev_ = &root_;
    root_.next_ = &root_;
  }

  Hook root_;  // Before the first and behind the last.
};

}  // namespace pear::base

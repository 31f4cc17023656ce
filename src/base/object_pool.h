// ObjectPool: objects of one type from slabs that are never given back: once warm, no allocation.
//
// Thread: core-local; an object is given back on the thread that made it.
// Memory: grows by slabs of `SlabObjects` up to `objects_max`, then says no. What was freed last is
//         used first: its memory is warm.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace pear::base {

template <typename T, std::size_t SlabObjects = 64>
class ObjectPool {
 public:
  // Gives the object back to its pool.
  class Return {
   public:
    Return() = default;
    explicit Return(ObjectPool& pool) : pool_(&pool) {}
    void operator()(T* object) const { pool_->destroy(*object); }

   private:
    ObjectPool* pool_ = nullptr;  // Borrowed; null only beside a null pointer.
  };
  using Owned = std::unique_ptr<T, Return>;

  explicit ObjectPool(std::size_t objects_max) : objects_max_(objects_max) {}
  ~ObjectPool() { PEAR_ASSERT(live_ == 0, "objects must die before their pool"); }

  ObjectPool(const ObjectPool&) = delete;
  ObjectPool& operator=(const ObjectPool&) = delete;
  ObjectPool(ObjectPool&&) = delete;
  ObjectPool& operator=(ObjectPool&&) = delete;

  // A new object, or null when `objects_max` are alive.
  template <typename... Args>
  [[nodiscard]] Owned make(Args&&... args) {
    T* const object = create(std::forward<Args>(args)...);
    return object == nullptr ? Owned() : Owned(object, Return(*this));
  }

  // The same without a handle, for objects that own themselves (they end in destroy(*this)).
  template <typename... Args>
  [[nodiscard]] T* create(Args&&... args) {
    if (live_ == objects_max_) return nullptr;
    if (free_ == nullptr) add_slab();
    Slot* const slot = std::exchange(free_, free_->next);
    ++live_;
    return std::construct_at(reinterpret_cast<T*>(&slot->bytes), std::forward<Args>(args)...);
  }

  void destroy(T& object) {
    PEAR_ASSERT(live_ > 0, "an object was given back twice");
    std::destroy_at(&object);
    Slot* const slot = reinterpret_cast<Slot*>(&object);
    slot->next = std::exchange(free_, slot);
    --live_;
  }

  [[nodiscard]] std::size_t live() const { return live_; }
  [[nodiscard]] std::size_t objects_max() const { return objects_max_; }

 private:
  union Slot {
    Slot() : next(nullptr) {}
    Slot* next;  // While free.
    alignas(T) std::array<std::byte, sizeof(T)> bytes;
  };

  void add_slab() {
    auto& slab = slabs_.emplace_back(std::make_unique<std::array<Slot, SlabObjects>>());
    for (std::size_t i = slab->size(); i-- > 0;)
      (*slab)[i].next = std::exchange(free_, &(*slab)[i]);
  }

  std::size_t objects_max_;
  std::size_t live_ = 0;
  Slot* free_ = nullptr;  // In slabs_.
  std::vector<std::unique_ptr<std::array<Slot, SlabObjects>>> slabs_;
};

}  // namespace pear::base

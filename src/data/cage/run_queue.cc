#include "data/cage/run_queue.h"

#include <algorithm>

#include "base/assert.h"

namespace pear::cage {

void SiteQueue::push_back(Runnable& guest) {
  guest.queued_ = true;
  guest.next_ = nullptr;
  guest.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &guest;
  last_ = &guest;
  ++size_;
}

void SiteQueue::push_front(Runnable& guest) {
  guest.queued_ = true;
  guest.next_ = first_;
  guest.previous_ = nullptr;
  (first_ != nullptr ? first_->previous_ : last_) = &guest;
  first_ = &guest;
  ++size_;
}

void SiteQueue::unlink(Runnable& guest) {
  (guest.previous_ != nullptr ? guest.previous_->next_ : first_) = guest.next_;
  (guest.next_ != nullptr ? guest.next_->previous_ : last_) = guest.previous_;
  guest.next_ = nullptr;
  guest.previous_ = nullptr;
  guest.queued_ = false;
  --size_;
}

void RunQueue::push(SiteQueue& site, Runnable& guest) {
  if (guest.queued_) return;
  site.push_back(guest);
  ++size_;
  if (site.place_ == SiteQueue::kNotQueued) enter(site);
}

void RunQueue::push_again(SiteQueue& site, Runnable& guest) {
  if (guest.queued_) return;
  site.push_front(guest);
  ++size_;
  if (site.place_ == SiteQueue::kNotQueued) enter(site);
}

RunQueue::Next RunQueue::pop() {
  if (heap_.empty()) return {};
  SiteQueue& site = *heap_.front();
  Runnable& guest = *site.first_;
  virtual_ns_ = std::max(virtual_ns_, site.start_ns_);
  site.unlink(guest);
  --size_;
  if (site.empty()) leave(site);
  return {.site = &site, .guest = &guest};
}

void RunQueue::charge(SiteQueue& site, std::chrono::nanoseconds cpu) {
  PEAR_DCHECK(cpu.count() >= 0, "time ran backwards");
  site.start_ns_ += static_cast<std::uint64_t>(cpu.count());
  if (site.place_ != SiteQueue::kNotQueued) sift_down(site.place_);
}

void RunQueue::remove(SiteQueue& site, Runnable& guest) {
  if (!guest.queued_) return;
  site.unlink(guest);
  --size_;
  if (site.empty()) leave(site);
}

void RunQueue::enter(SiteQueue& site) {
  site.start_ns_ = std::max(site.start_ns_, virtual_ns_);
  heap_.push_back(&site);
  site.place_ = heap_.size() - 1;
  sift_up(site.place_);
}

void RunQueue::leave(SiteQueue& site) {
  const std::size_t place = site.place_;
  site.place_ = SiteQueue::kNotQueued;
  SiteQueue* const last = heap_.back();
  heap_.pop_back();
  if (last == &site) return;
  put(place, last);
  sift_up(place);
  sift_down(last->place_);
}

void RunQueue::sift_up(std::size_t place) {
  SiteQueue* const site = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (heap_[parent]->start_ns_ <= site->start_ns_) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, site);
}

void RunQueue::sift_down(std::size_t place) {
  SiteQueue* const site = heap_[place];
  while (true) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->start_ns_ < heap_[child]->start_ns_) ++child;
    if (site->start_ns_ <= heap_[child]->start_ns_) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, site);
}

void RunQueue::put(std::size_t place, SiteQueue* site) {
  heap_[place] = site;
  site->place_ = place;
}

}  // namespace pear::cage

// What the attacks of the tenant share: the two numbers of the path /NAME?A,B, and an answer in
// words.
#pragma once

#include "cases/hostile.h"

struct Attack {
  Handle request;
  Handle outparam;
  u64 a;  // How much, how large: each attack says what it takes them for.
  u64 b;
};

// Numbers and words, gathered in an order, for a body of one line.
class Report {
 public:
  Report& operator<<(const char* text) {
    while (*text != 0) put_byte(*text++);
    return *this;
  }
  Report& operator<<(u64 value) {
    char digits[20];
    u32 count = 0;
    do digits[count++] = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0) put_byte(digits[--count]);
    return *this;
  }
  void answer(Handle outparam) {
    const Body body = start(outparam);
    put(body, text_, size_);
    end(body);
  }

 private:
  void put_byte(char byte) {
    if (size_ < sizeof text_) text_[size_++] = byte;
  }
  char text_[512] = {};
  u32 size_ = 0;
};

constexpr u64 kMillisecond = 1'000'000;

inline u64 microseconds_since(u64 begin) {
  return (clock_now() - begin) / 1'000;
}

inline void hold_ms(u64 milliseconds) {
  if (milliseconds > 0) wait_ns(milliseconds * kMillisecond);
}

// `size` bytes of the guest's memory; without them there is nothing to attack with.
inline u8* memory_of(u64 size) {
  u8* const memory = more_memory(static_cast<u32>(size));
  if (memory == nullptr) __builtin_trap();
  return memory;
}

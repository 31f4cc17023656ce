// The little of a C++ runtime that a guest needs in its own form: memory that runs out and broken
// promises to the standard library are traps, not messages on a stdout that a site does not have.
// The usual forms would draw in stdio, and with it files, arguments and the preview-1 adapter.
//
// Everything is weak, so that any number of files may include this, and a site may bring its own.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace pear {

[[nodiscard]] inline void* allocate_or_trap(std::size_t size) {
  void* place = std::malloc(size == 0 ? 1 : size);
  if (place == nullptr) __builtin_trap();
  return place;
}

[[nodiscard]] inline void* allocate_or_trap(std::size_t size, std::align_val_t align) {
  void* place = nullptr;
  const auto alignment = static_cast<std::size_t>(align);
  const std::size_t least = alignment < sizeof(void*) ? sizeof(void*) : alignment;
  if (posix_memalign(&place, least, size == 0 ? 1 : size) != 0) __builtin_trap();
  return place;
}

}  // namespace pear

#define PEAR_WEAK __attribute__((weak))
PEAR_WEAK void* operator new(std::size_t n) {
  return pear::allocate_or_trap(n);
}
PEAR_WEAK void* operator new[](std::size_t n) {
  return pear::allocate_or_trap(n);
}
PEAR_WEAK void* operator new(std::size_t n, std::align_val_t a) {
  return pear::allocate_or_trap(n, a);
}
PEAR_WEAK void* operator new[](std::size_t n, std::align_val_t a) {
  return pear::allocate_or_trap(n, a);
}
PEAR_WEAK void operator delete(void* p) noexcept {
  std::free(p);
}
PEAR_WEAK void operator delete[](void* p) noexcept {
  std::free(p);
}
PEAR_WEAK void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
PEAR_WEAK void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}
PEAR_WEAK void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
PEAR_WEAK void operator delete[](void* p, std::align_val_t) noexcept {
  std::free(p);
}
PEAR_WEAK void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
PEAR_WEAK void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
#undef PEAR_WEAK

// One instruction each, where wasi-libc, built without bulk memory, has a loop of a kilobyte.
#ifdef __wasm_bulk_memory__
extern "C" {
__attribute__((weak)) void* memcpy(void* to, const void* from, std::size_t n) {
  return __builtin_memcpy(to, from, n);
}
__attribute__((weak)) void* memmove(void* to, const void* from, std::size_t n) {
  return __builtin_memmove(to, from, n);
}
__attribute__((weak)) void* memset(void* to, int value, std::size_t n) {
  return __builtin_memset(to, value, n);
}
}
#endif

// What libc++ calls where it would throw, or where a hardened check fails.
_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] __attribute__((weak)) void __libcpp_verbose_abort(const char* /*format*/, ...) {
  __builtin_trap();
}
_LIBCPP_END_NAMESPACE_STD

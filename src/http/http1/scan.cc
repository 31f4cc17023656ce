#include "http/http1/scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "http/character.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pear::http1 {
namespace {

using http::CharacterClass;
using http::is_in;

// ---- Plain
// ---------------------------------------------------------------------------------------

constexpr bool is_visible(char byte) {
  return byte > 0x20 && byte < 0x7f;  // From 0x80 on a char is negative.
}
static_assert(static_cast<char>(0x80) < 0, "char is signed on the platforms that Pear supports");

const char* token_end_scalar(const char* at, const char* end) {
  while (at != end && is_in(*at, CharacterClass::Token)) ++at;
  return at;
}

const char* value_end_scalar(const char* at, const char* end) {
  while (at != end && is_in(*at, CharacterClass::FieldValue)) ++at;
  return at;
}

const char* target_end_scalar(const char* at, const char* end) {
  while (at != end && is_visible(*at)) ++at;
  return at;
}

const char* path_end_scalar(const char* at, const char* end) {
  while (at != end && is_in(*at, CharacterClass::PathPlain)) ++at;
  return at;
}

// ---- Field lines
// ---------------------------------------------------------------------------------
//
// To find one token after the other by itself would cost the latency of a whole scan for each. So
// bytes are classified 64 at a time, whatever they are part of, and the tokens found in the
// resulting bits.

// Of 64 bytes, a bit for each.
struct Classified {
  std::uint64_t not_token;
  std::uint64_t not_value;
};

using Classify = Classified (*)(const char* bytes);

// Walks over the bytes, and classifies them when it reaches them.
template <Classify Classifier>
class Walk {
 public:
  Walk(const char* at, const char* end) : end_(end) { classify(at); }

  // The first byte from `at` on that is not in the class, or the end.
  const char* token_end(const char* at) { return find<&Classified::not_token>(at); }
  const char* value_end(const char* at) { return find<&Classified::not_value>(at); }

 private:
  template <std::uint64_t Classified::* Bits>
  const char* find(const char* at) {
    for (;;) {
      if (at - base_ >= 64) {
        if (at >= end_) return end_;
        classify(at);
      }
      const std::uint64_t bits = (bits_.*Bits) >> static_cast<unsigned>(at - base_);
      if (bits != 0) return at + std::countr_zero(bits);
      at = base_ + 64;
    }
  }

  // What is behind the end counts as NUL, which is in no class.
  void classify(const char* at) {
    base_ = at;
    if (end_ - at >= 64) {
      bits_ = Classifier(at);
      return;
    }
    std::array<char, 64> tail{};
    std::copy(at, end_, tail.begin());
    bits_ = Classifier(tail.data());
  }

  const char* base_ = nullptr;  // bits_ are about the 64 bytes from here on.
  const char* end_;
  Classified bits_{};
};

// The same where 64 bytes at a time have no advantage.
class PlainWalk {
 public:
  PlainWalk(const char* /*at*/, const char* end) : end_(end) {}
  const char* token_end(const char* at) { return token_end_scalar(at, end_); }
  const char* value_end(const char* at) { return value_end_scalar(at, end_); }

 private:
  const char* end_;
};

template <typename AnyWalk>
const char* field_lines(const char* at, const char* end, std::span<http::Field> storage,
                        std::size_t* count) {
  AnyWalk walk(at, end);
  while (*count < storage.size()) {
    const char* const name_end = walk.token_end(at);
    if (name_end == at || name_end == end || *name_end != ':') break;
    const char* value = name_end + 1;
    while (value != end && http::is_blank(*value)) ++value;
    const char* const value_end = walk.value_end(value);
    if (end - value_end < 2 || value_end[0] != '\r' || value_end[1] != '\n') break;
    const char* last = value_end;
    while (last != value && http::is_blank(last[-1])) --last;
    storage[(*count)++] = {.name = {at, static_cast<std::size_t>(name_end - at)},
                           .value = {value, static_cast<std::size_t>(last - value)}};
    at = value_end + 2;
  }
  return at;
}

constexpr Scanner kScalar{.name = "scalar",
                          .token_end = token_end_scalar,
                          .value_end = value_end_scalar,
                          .target_end = target_end_scalar,
                          .path_end = path_end_scalar,
                          .field_lines = field_lines<PlainWalk>};

#if defined(__x86_64__)

// ---- Which bytes are tokens, 16 or 32 at a time
// ---------------------------------------------------
//
// A byte is split into two nibbles. The low one selects a byte whose bit n says whether the
// character with high nibble n is allowed; the high one selects the bit. High nibbles from 8 on
// select nothing.

using Rows = std::array<std::uint8_t, 16>;

constexpr Rows make_rows(CharacterClass which) {
  Rows rows{};
  for (unsigned c = 0; c < 0x80; ++c) {
    if (!is_in(static_cast<char>(c), which)) continue;
    rows[c & 0xfU] = static_cast<std::uint8_t>(rows[c & 0xfU] | (1U << (c >> 4U)));
  }
  return rows;
}

alignas(16) constexpr Rows kTokenRows = make_rows(CharacterClass::Token);
alignas(16) constexpr Rows kPathRows = make_rows(CharacterClass::PathPlain);
alignas(16) constexpr Rows kBitOfHighNibble = {1, 2, 4, 8, 16, 32, 64, 128};

// NOLINTBEGIN(portability-simd-intrinsics): that is what this file is for.
[[gnu::target("sse4.2"), gnu::always_inline]] inline unsigned outside_16(const Rows& of_class,
                                                                         __m128i bytes) {
  const __m128i rows = _mm_load_si128(reinterpret_cast<const __m128i*>(of_class.data()));
  const __m128i bits = _mm_load_si128(reinterpret_cast<const __m128i*>(kBitOfHighNibble.data()));
  const __m128i nibble = _mm_set1_epi8(0x0f);
  const __m128i row = _mm_shuffle_epi8(rows, _mm_and_si128(bytes, nibble));
  const __m128i bit = _mm_shuffle_epi8(bits, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
  const __m128i bad = _mm_cmpeq_epi8(_mm_and_si128(row, bit), _mm_setzero_si128());
  return static_cast<unsigned>(_mm_movemask_epi8(bad));
}

// Controls but HTAB. As signed numbers bytes from 0x80 on are below zero: so the smaller of byte
// and 0x1f, without sign, tells controls.
[[gnu::target("sse4.2"), gnu::always_inline]] inline unsigned bad_value_16(__m128i bytes) {
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  const __m128i bad = _mm_or_si128(_mm_andnot_si128(tab, control), del);
  return static_cast<unsigned>(_mm_movemask_epi8(bad));
}

[[gnu::target("sse4.2"), gnu::always_inline]] inline unsigned bad_target_16(__m128i bytes) {
  // Signed: 0x80 to 0xff are below 0x21 too.
  const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, del)));
}

[[gnu::target("sse4.2"), gnu::always_inline]] inline __m128i load_16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

[[gnu::target("sse4.2")]] const char* token_end_sse42(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    if (const unsigned bad = outside_16(kTokenRows, load_16(at)); bad != 0)
      return at + std::countr_zero(bad);
  }
  return token_end_scalar(at, end);
}

[[gnu::target("sse4.2")]] const char* path_end_sse42(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    if (const unsigned bad = outside_16(kPathRows, load_16(at)); bad != 0)
      return at + std::countr_zero(bad);
  }
  return path_end_scalar(at, end);
}

[[gnu::target("sse4.2")]] const char* value_end_sse42(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    if (const unsigned bad = bad_value_16(load_16(at)); bad != 0) return at + std::countr_zero(bad);
  }
  return value_end_scalar(at, end);
}

[[gnu::target("sse4.2")]] const char* target_end_sse42(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    if (const unsigned bad = bad_target_16(load_16(at)); bad != 0)
      return at + std::countr_zero(bad);
  }
  return target_end_scalar(at, end);
}

[[gnu::target("sse4.2")]] Classified classify_sse42(const char* bytes) {
  Classified bits{};
  for (unsigned i = 0; i < 64; i += 16) {
    const __m128i part = load_16(bytes + i);
    bits.not_token |= std::uint64_t{outside_16(kTokenRows, part)} << i;
    bits.not_value |= std::uint64_t{bad_value_16(part)} << i;
  }
  return bits;
}

constexpr Scanner kSse42{.name = "sse4.2",
                         .token_end = token_end_sse42,
                         .value_end = value_end_sse42,
                         .target_end = target_end_sse42,
                         .path_end = path_end_sse42,
                         .field_lines = field_lines<Walk<classify_sse42>>};

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i load_32(const char* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

[[gnu::target("avx2"), gnu::always_inline]] inline unsigned outside_32(const Rows& of_class,
                                                                       __m256i bytes) {
  const __m256i rows = _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(of_class.data())));
  const __m256i bits = _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(kBitOfHighNibble.data())));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i row = _mm256_shuffle_epi8(rows, _mm256_and_si256(bytes, nibble));
  const __m256i bit =
      _mm256_shuffle_epi8(bits, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
  const __m256i bad = _mm256_cmpeq_epi8(_mm256_and_si256(row, bit), _mm256_setzero_si256());
  return static_cast<unsigned>(_mm256_movemask_epi8(bad));
}

[[gnu::target("avx2"), gnu::always_inline]] inline unsigned bad_value_32(__m256i bytes) {
  const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
  const __m256i tab = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\t'));
  const __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
  const __m256i bad = _mm256_or_si256(_mm256_andnot_si256(tab, control), del);
  return static_cast<unsigned>(_mm256_movemask_epi8(bad));
}

[[gnu::target("avx2"), gnu::always_inline]] inline unsigned bad_target_32(__m256i bytes) {
  const __m256i low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x21), bytes);
  const __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm256_movemask_epi8(_mm256_or_si256(low, del)));
}

// The rest of fewer than 32 bytes is left to the functions of 16.
[[gnu::target("avx2")]] const char* token_end_avx2(const char* at, const char* end) {
  for (; end - at >= 32; at += 32) {
    if (const unsigned bad = outside_32(kTokenRows, load_32(at)); bad != 0)
      return at + std::countr_zero(bad);
  }
  return token_end_sse42(at, end);
}

[[gnu::target("avx2")]] const char* path_end_avx2(const char* at, const char* end) {
  for (; end - at >= 32; at += 32) {
    if (const unsigned bad = outside_32(kPathRows, load_32(at)); bad != 0)
      return at + std::countr_zero(bad);
  }
  return path_end_sse42(at, end);
}

[[gnu::target("avx2")]] const char* value_end_avx2(const char* at, const char* end) {
  for (; end - at >= 32; at += 32) {
    if (const unsigned bad = bad_value_32(load_32(at)); bad != 0) return at + std::countr_zero(bad);
  }
  return value_end_sse42(at, end);
}

[[gnu::target("avx2")]] const char* target_end_avx2(const char* at, const char* end) {
  for (; end - at >= 32; at += 32) {
    if (const unsigned bad = bad_target_32(load_32(at)); bad != 0) {
      return at + std::countr_zero(bad);
    }
  }
  return target_end_sse42(at, end);
}
[[gnu::target("avx2")]] Classified classify_avx2(const char* bytes) {
  const __m256i low = load_32(bytes);
  const __m256i high = load_32(bytes + 32);
  return {.not_token =
              outside_32(kTokenRows, low) | (std::uint64_t{outside_32(kTokenRows, high)} << 32U),
          .not_value = bad_value_32(low) | (std::uint64_t{bad_value_32(high)} << 32U)};
}
// NOLINTEND(portability-simd-intrinsics)

constexpr Scanner kAvx2{.name = "avx2",
                        .token_end = token_end_avx2,
                        .value_end = value_end_avx2,
                        .target_end = target_end_avx2,
                        .path_end = path_end_avx2,
                        .field_lines = field_lines<Walk<classify_avx2>>};

constexpr std::array<Scanner, 3> kAll = {kAvx2, kSse42, kScalar};

std::size_t fastest() {
  // An int with one compiler, a bool with the other.
  // NOLINTBEGIN(readability-redundant-casting)
  if (static_cast<bool>(__builtin_cpu_supports("avx2"))) return 0;
  if (static_cast<bool>(__builtin_cpu_supports("sse4.2"))) return 1;
  // NOLINTEND(readability-redundant-casting)
  return 2;
}

#else

constexpr std::array<Scanner, 1> kAll = {kScalar};

std::size_t fastest() {
  return 0;
}

#endif

}  // namespace

const Scanner& Scanner::best() {
  static const Scanner& chosen = kAll[fastest()];
  return chosen;
}

std::span<const Scanner> Scanner::all() {
  return std::span(kAll).subspan(fastest());
}

}  // namespace pear::http1

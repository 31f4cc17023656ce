// AddressCounts: how many connections each client has open, or how much of something else it has,
// over all cores.
//
// All cores use the one table, without locks: a count and the name that it belongs to are one
// atomic word. A word whose count is zero is free. A client's word is one of the sixteen in two
// neighbouring cache lines; the table has room for twice the connections that may be open, so that
// all sixteen are taken by others about never. Then a connection is not counted: the limit is there
// to stop a client with thousands of them, and the hash is keyed.
//
// Thread: any.
// Memory: fixed when it is made: 8 bytes for each of its places.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace pear::security {

// One connection that is counted, or that need not be. It is counted back when this ends.
class [[nodiscard]] CountedConnection {
 public:
  CountedConnection() = default;
  ~CountedConnection() { give_back(); }
  CountedConnection(const CountedConnection&) = delete;
  CountedConnection& operator=(const CountedConnection&) = delete;
  CountedConnection(CountedConnection&& other) noexcept
      : word_(std::exchange(other.word_, nullptr)) {}
  CountedConnection& operator=(CountedConnection&& other) noexcept {
    if (this != &other) {
      give_back();
      word_ = std::exchange(other.word_, nullptr);
    }
    return *this;
  }

 private:
  friend class AddressCounts;
  explicit CountedConnection(std::atomic<std::uint64_t>& word) : word_(&word) {}
  void give_back() {
    if (auto* const word = std::exchange(word_, nullptr)) {
      word->fetch_sub(1, std::memory_order_relaxed);
    }
  }

  std::atomic<std::uint64_t>* word_ = nullptr;  // In the table; null: not counted.
};

// What one core counts for a client, in units of its own choice, among what all count for it. It is
// counted back when this ends.
class [[nodiscard]] CountedShare {
 public:
  CountedShare() = default;
  ~CountedShare() { give_back(); }
  CountedShare(const CountedShare&) = delete;
  CountedShare& operator=(const CountedShare&) = delete;
  CountedShare(CountedShare&& other) noexcept
      : word_(std::exchange(other.word_, nullptr)), units_(other.units_) {}
  CountedShare& operator=(CountedShare&& other) noexcept {
    if (this != &other) {
      give_back();
      word_ = std::exchange(other.word_, nullptr);
      units_ = other.units_;
    }
    return *this;
  }

  // So many, from 1, or its place would be another client's, to 2^16 - 1.
  void set(std::uint32_t units);
  // Of all cores. Where the table had no room: of this one.
  [[nodiscard]] std::uint32_t total() const;

 private:
  friend class AddressCounts;
  explicit CountedShare(std::atomic<std::uint64_t>* word) : word_(word) {}
  void give_back() {
    if (auto* const word = std::exchange(word_, nullptr)) {
      word->fetch_sub(units_, std::memory_order_relaxed);
    }
  }

  std::atomic<std::uint64_t>* word_ = nullptr;  // In the table; null: counted here alone.
  std::uint32_t units_ = 1;
};

class AddressCounts {
 public:
  // For so many connections, all cores together.
  explicit AddressCounts(std::size_t connections);

  // Nothing when the client of this hash has `connections_max` (at most 2^20) already.
  [[nodiscard]] std::optional<CountedConnection> count(std::uint64_t hash,
                                                       std::uint32_t connections_max);

  // A share of one unit of the client of this hash.
  [[nodiscard]] CountedShare share(std::uint64_t hash);

 private:
  static constexpr std::size_t kWays = 16;
  using Word = std::atomic<std::uint64_t>;
  struct alignas(128) Set {
    std::array<Word, kWays> words{};
  };

  // Adds one to the client's word. `word` is null where there is no room; false: it has `most`.
  [[nodiscard]] bool add_one(std::uint64_t hash, std::uint64_t most, Word*& word);

  std::size_t set_count_;
  std::unique_ptr<Set[]> sets_;
};

}  // namespace pear::security

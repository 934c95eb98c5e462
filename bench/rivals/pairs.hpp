#pragma once
// Pairs of 64-bit numbers and the hash table that the rivals keep them in: open addressing with
// linear probing, at most half full. A rival that would wait for memory at every pair hashes and
// prefetches a batch first.

#include "common.hpp"

namespace rival {

struct Pair {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};

class PairTable {
 public:
  static constexpr std::uint64_t empty = ~std::uint64_t{0};  ///< this key cannot be stored
  static constexpr std::size_t batch = 64;

  /// Room for `expected` pairs; sum() makes more when there are more.
  explicit PairTable(std::size_t expected)
      : slots_(std::bit_ceil(2 * std::max<std::size_t>(expected, 8))) {
    std::fill(slots_.begin(), slots_.end(), Pair{empty, 0});
  }

  void prefetch(std::uint64_t key) const { __builtin_prefetch(slots_.begin() + first(key), 1); }

  /// Adds the value to that of its key.
  void sum(const Pair& pair) {
    std::size_t at = first(pair.key);
    while (slots_[at].key != pair.key) {
      if (slots_[at].key == empty) {
        slots_[at] = pair;
        if (++used_ * 2 > slots_.size()) grow();
        return;
      }
      at = next(at);
    }
    slots_[at].value += pair.value;
  }
  /// Another pair, whether its key is there or not; at most as many as expected.
  void insert(const Pair& pair) {
    std::size_t at = first(pair.key);
    while (slots_[at].key != empty) at = next(at);
    slots_[at] = pair;
    ++used_;
  }
  /// visit(value) for every pair inserted with the key.
  template <class F>
  void find(std::uint64_t key, F&& visit) const {
    for (std::size_t at = first(key); slots_[at].key != empty; at = next(at)) {
      if (slots_[at].key == key) visit(slots_[at].value);
    }
  }
  std::vector<Pair> pairs() const {
    std::vector<Pair> all;
    all.reserve(used_);
    for (const Pair& pair : slots_) {
      if (pair.key != empty) all.push_back(pair);
    }
    return all;
  }

 private:
  std::size_t first(std::uint64_t key) const { return mix(key) & (slots_.size() - 1); }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  void grow() {
    PairTable larger(slots_.size());
    for (const Pair& pair : slots_) {
      if (pair.key != empty) larger.insert(pair);
    }
    std::swap(slots_, larger.slots_);
  }

  Buffer<Pair> slots_;
  std::size_t used_ = 0;
};

/// work(pair) for pairs 0 .. count - 1 of pair_at(i), each after its slot was prefetched.
template <class PairAt, class Work>
void in_batches(const PairTable& table, std::size_t count, PairAt&& pair_at, Work&& work) {
  std::array<Pair, PairTable::batch> batch;
  for (std::size_t from = 0; from < count; from += batch.size()) {
    const std::size_t size = std::min(batch.size(), count - from);
    for (std::size_t i = 0; i < size; ++i) {
      batch[i] = pair_at(from + i);
      table.prefetch(batch[i].key);
    }
    for (std::size_t i = 0; i < size; ++i) work(batch[i]);
  }
}

/// All pairs whose key belongs to this rank.
inline Buffer<Pair> exchange_by_key(std::span<const Pair> pairs, const World& world) {
  const auto ranks = static_cast<std::uint64_t>(world.size);
  return exchange(pairs, world, [ranks](const Pair& pair) {
    return static_cast<std::size_t>(static_cast<Wide>(mix(pair.key)) * ranks >> 64U);
  });
}

}  // namespace rival

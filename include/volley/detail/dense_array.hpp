#pragma once
// DenseArray: values of integers that lie close together. A key's place is its distance from the
// first one, so nothing is hashed; a bit tells whether a place is taken, so that values alone fill
// the cache. The bits of a million keys fit into 128 KiB.

#include "program/table_memory.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace volley::detail {

/// Smallest and largest of some integers, in the order of K, and the bits in which they differ.
template <class K>
struct KeyExtent {
  using U = std::make_unsigned_t<K>;
  K least;
  K most;
  U differences = 0;

  explicit KeyExtent(K key) : least(key), most(key) {}
  void add(K key) {
    differences |= static_cast<U>(static_cast<U>(key) ^ static_cast<U>(least));
    least = std::min(least, key);
    most = std::max(most, key);
  }
  /// Low bits that all keys share.
  unsigned shift() const {
    return differences == 0 ? 0 : static_cast<unsigned>(std::countr_zero(differences));
  }
  /// How many places an array over the range has.
  std::uint64_t places() const {
    const auto width = static_cast<U>(static_cast<U>(most) - static_cast<U>(least));
    return std::max<std::uint64_t>(static_cast<std::uint64_t>(width >> shift()) + 1, 1);
  }
};

template <class K, class V>
class DenseArray {
  using U = std::make_unsigned_t<K>;

 public:
  static constexpr std::uint64_t max_places = std::uint64_t{1} << 32U;

  /// Over the range of the keys, with room for more below and above.
  DenseArray(const KeyExtent<K>& keys, std::uint64_t below, std::uint64_t above)
      : places_(below + keys.places() + above),
        shift_(keys.shift()),
        base_(static_cast<U>(static_cast<U>(keys.least) - static_cast<U>(below << shift_))),
        memory_((places_ + 63) / 64 * (64 * sizeof(V) + sizeof(std::uint64_t))),
        values_(static_cast<V*>(memory_.data())),
        taken_(reinterpret_cast<std::uint64_t*>(values_ + (places_ + 63) / 64 * 64)) {}
  DenseArray(DenseArray&&) noexcept = default;
  DenseArray& operator=(DenseArray&&) = delete;
  DenseArray(const DenseArray&) = delete;
  DenseArray& operator=(const DenseArray&) = delete;
  ~DenseArray() {
    if constexpr (!std::is_trivially_destructible_v<V>) {
      if (memory_.data() != nullptr) for_each([](K, V& value) { value.~V(); });
    }
  }

  std::size_t bytes() const { return memory_.bytes(); }
  std::uint64_t places() const { return places_; }

  /// Where a key lies; not below places() when the array does not cover it.
  std::uint64_t place(K key) const {
    const auto offset = static_cast<U>(static_cast<U>(key) - base_);
    return std::rotr(static_cast<std::uint64_t>(offset), static_cast<int>(shift_));
  }
  [[gnu::always_inline]] void prefetch(std::uint64_t place) const {
    __builtin_prefetch(values_ + std::min(place, places_ - 1), 1);
  }
  bool has(std::uint64_t place) const { return (taken_[place / 64] >> (place % 64) & 1U) != 0; }
  V& value(std::uint64_t place) const { return values_[place]; }
  /// A value for a place that has none.
  template <class Like>
  void put(std::uint64_t place, Like&& value) {
    new (values_ + place) V(std::forward<Like>(value));
    taken_[place / 64] |= std::uint64_t{1} << (place % 64);
  }
  /// visit(K, V&) for all values there are, by place.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint64_t word = 0; word <= (places_ - 1) / 64; ++word) {
      for (std::uint64_t bits = taken_[word]; bits != 0; bits &= bits - 1) {
        const std::uint64_t at = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
        visit(static_cast<K>(base_ + static_cast<U>(at << shift_)), values_[at]);
      }
    }
  }

 private:
  std::uint64_t places_;
  unsigned shift_;
  U base_;
  program::TableMemory memory_;
  V* values_;
  std::uint64_t* taken_;  ///< a bit for each place
};

}  // namespace volley::detail

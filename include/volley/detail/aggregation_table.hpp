#pragma once
// AggregationTable: key to value, open addressing with linear probing, for aggregation by key. It
// is bound by memory latency, so (1) a slot holds hash, key and value together: strings of up to 16
// bytes lie in the slot itself, one cache line decides a probe; (2) callers hash and prefetch a
// batch of records before they touch their slots (aggregator.hpp); (3) the memory is huge pages;
// (4) integers that lie close together (numbers of nodes, of bins) are not hashed: the table
// becomes an array over their range, as soon as that takes no more memory than hashing.
//
// The iteration order depends on the sequence of insertions only. One thread owns a table.

#include "base/check.hpp"
#include "program/table_memory.hpp"

#include <volley/detail/dense_array.hpp>
#include <volley/detail/table_slots.hpp>

#include <bit>
#include <cstdint>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace volley::detail {

template <class K, class V>
class AggregationTable {
  static constexpr bool integers = std::is_integral_v<K> && !std::is_same_v<K, bool>;
  using Slot = std::conditional_t<integers, IntegerSlot<K, V>, TaggedSlot<K, V>>;
  using Dense = DenseArray<std::conditional_t<integers, K, std::uint64_t>, V>;

 public:
  using key_view = typename SlotKey<K>::view;
  static constexpr std::size_t bytes_per_entry = 2 * sizeof(Slot);

  AggregationTable() { reset(first_capacity); }
  AggregationTable(const AggregationTable&) = delete;
  AggregationTable& operator=(const AggregationTable&) = delete;
  ~AggregationTable() { destroy(); }

  std::size_t size() const { return size_; }
  /// Whether it is an array: then hashes are not looked at.
  bool dense() const { return integers && dense_.has_value(); }
  /// Bytes of slots and long keys, without what values hold elsewhere.
  std::size_t memory() const {
    return (dense() ? dense_->bytes() : memory_.bytes()) + bytes_.used();
  }
  /// Bytes at the peak of the next growth, if it may come within `more` insertions, else memory().
  std::size_t memory_after(std::size_t more) const {
    return memory() + (size_ + more > limit_ ? growth(memory_.bytes()) * memory_.bytes() : 0);
  }
  /// Forgets every entry; the slots stay as many, or become few.
  void clear(bool keep_capacity) {
    const std::size_t capacity = keep_capacity && !dense() ? mask_ + 1 : first_capacity;
    destroy();
    memory_ = program::TableMemory();
    bytes_ = KeyBytes();
    reset(capacity);
  }
  /// Tells an empty table how many entries will come at least.
  void reserve(std::size_t entries) {
    VOLLEY_CHECK(size_ == 0, "size={}", size_);
    expected_ = entries;
    if (integers || capacity_for(entries) <= mask_ + 1)
      return;  // of integers, the first ones decide
    memory_ = program::TableMemory();
    reset(capacity_for(entries));
  }
  /// Small tables become arrays early, of up to so many bytes, though hashing took less memory.
  void set_early_bytes(std::size_t bytes) { early_bytes_ = bytes; }

  /// Brings the slot of a key into the cache. Always inlined: the compiler takes a function that
  /// does nothing else for one without effects, and drops calls of it.
  template <class Key>
  [[gnu::always_inline]] void prefetch(const Key& key, std::uint64_t hash) const {
    if constexpr (integers) {
      if (dense_) return dense_->prefetch(dense_->place(key));
    }
    __builtin_prefetch(slots() + (fold(hash) & mask_), 1);
  }

  /// Finds `key` and calls update(value), or inserts it with the value of create().
  template <class Key, class Create, class Update>
  [[gnu::always_inline]] void upsert(Key&& key, std::uint64_t hash, Create&& create,
                                     Update&& update) {
    if constexpr (integers) {
      if (key == 0) [[unlikely]] {
        if (zero_) return update(*zero_);
        zero_.emplace(create());
        ++size_;
        return;
      }
      if (dense_ && (dense_->place(key) < dense_->places() || widen(key))) {
        const std::uint64_t at = dense_->place(key);
        if (dense_->has(at)) return update(dense_->value(at));
        dense_->put(at, create());
        ++size_;
        return;
      }
    }
    const std::uint32_t tag = fold(hash);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots()[at];
      if (slot.holds(tag, key)) return update(slot.value);
      if (slot.is_free()) {
        slot.set_key(tag, std::forward<Key>(key), bytes_);
        new (&slot.value) V(create());
        if (++size_ > limit_) grow();
        return;
      }
    }
  }

  /// The value of a key, or null.
  template <class Key>
  const V* find(const Key& key, std::uint64_t hash) const {
    if constexpr (integers) {
      if (key == 0) [[unlikely]]
        return zero_ ? &*zero_ : nullptr;
      if (dense_) {
        const std::uint64_t at = dense_->place(key);
        return at >= dense_->places() || !dense_->has(at) ? nullptr : &dense_->value(at);
      }
    }
    const std::uint32_t tag = fold(hash);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots()[at];
      if (slot.holds(tag, key)) return &slot.value;
      if (slot.is_free()) return nullptr;
    }
  }

  /// visit(key view, V&) for every entry.
  template <class Visit>
  void for_each(Visit&& visit) {
    if constexpr (integers) {
      if (zero_) visit(K{0}, *zero_);
      if (dense_) return dense_->for_each(visit);
    }
    for (std::size_t at = 0; at <= mask_; ++at) {
      Slot& slot = slots()[at];
      if (!slot.is_free()) visit(slot.key.get(), slot.value);
    }
  }

 private:
  static constexpr std::size_t first_capacity = 64;

  static std::uint32_t fold(std::uint64_t hash) {
    const auto low = static_cast<std::uint32_t>(hash);
    return !integers && low == 0 ? 1U : low;
  }
  static std::size_t capacity_for(std::size_t entries) {
    return std::max(std::bit_ceil(entries / 5 * 8 + 8), first_capacity);
  }
  Slot* slots() const { return static_cast<Slot*>(memory_.data()); }

  /// Empty slots, to be hashed into.
  void reset(std::size_t capacity) {
    VOLLEY_CHECK(capacity <= (std::size_t{1} << 32U), "a table of {} slots", capacity);
    memory_ = program::TableMemory(capacity * sizeof(Slot));
    mask_ = capacity - 1;
    limit_ = capacity / 8 * 5;
  }

  /// How many times larger what has so many bytes becomes: small tables hurry.
  static std::size_t growth(std::size_t bytes) { return bytes <= std::size_t{4} << 20U ? 4 : 2; }

  [[gnu::noinline]] void grow() {
    const std::size_t capacity = std::max((mask_ + 1) * growth(memory_.bytes()),
                                          expected_ == 0 ? 0 : capacity_for(expected_));
    if constexpr (integers) {
      if (may_be_dense_ && become_dense(capacity)) return;
    }
    move_to(capacity);
  }

  /// Hashes all entries into `capacity` slots.
  void move_to(std::size_t capacity) {
    const program::TableMemory old = std::move(memory_);
    const std::size_t old_slots = mask_ + 1;
    memory_ = {};
    reset(capacity);
    for_each_slot(old, old_slots, [&](Slot& from) { take(slots()[free_slot(from.hash())], from); });
  }
  std::size_t free_slot(std::uint32_t hash) const {
    std::size_t at = hash & mask_;
    while (!slots()[at].is_free()) at = (at + 1) & mask_;
    return at;
  }
  template <class Visit>
  static void for_each_slot(const program::TableMemory& memory, std::size_t count, Visit&& visit) {
    auto* const slots = static_cast<Slot*>(memory.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (!slots[i].is_free()) visit(slots[i]);
    }
  }
  void take(Slot& to, Slot& from) {
    to.take_key(from);
    new (&to.value) V(std::move(from.value));
    from.value.~V();
  }

  // --- integers that lie close together

  /// An array over the range of the keys instead of `capacity` slots, if it takes no more memory,
  /// or little.
  bool become_dense(std::size_t capacity) {
    std::optional<KeyExtent<K>> keys;
    for_each_slot(memory_, mask_ + 1, [&](Slot& slot) {
      if (!keys) keys.emplace(slot.key.key);
      keys->add(slot.key.key);
    });
    const std::uint64_t same = capacity * sizeof(Slot) / sizeof(V);
    const std::uint64_t early = std::min(8 * capacity, early_bytes_ / sizeof(V));
    const std::uint64_t places = keys->places();
    if (places > std::max(same, early) || places > Dense::max_places) return false;
    const std::uint64_t room = places / 8 + first_capacity / 2;
    dense_.emplace(*keys, room, room);
    for_each_slot(memory_, mask_ + 1, [&](Slot& from) {
      dense_->put(dense_->place(from.key.key), std::move(from.value));
      from.value.~V();
    });
    memory_ = program::TableMemory();
    limit_ = SIZE_MAX / 2;
    return true;
  }
  /// Makes room for a key beyond the range, on its side; false when it gave the array up.
  [[gnu::noinline]] bool widen(K key) {
    KeyExtent<K> keys(key);
    dense_->for_each([&](K other, V&) { keys.add(other); });
    Dense old = std::move(*dense_);
    dense_.reset();
    const std::uint64_t places = keys.places();
    if (places > 4 * size_ + 2 * first_capacity + early_bytes_ / sizeof(V) ||
        places > Dense::max_places) {
      may_be_dense_ = false;
      reset(capacity_for(std::max(size_ + 1, expected_)));
      old.for_each([&](K other, V& value) {
        const auto hash = static_cast<std::uint32_t>(hash_key(other));
        Slot& slot = slots()[free_slot(hash)];
        slot.set_key(hash, other, bytes_);
        new (&slot.value) V(std::move(value));
      });
      return false;
    }
    const std::uint64_t grown = places * (growth(places * sizeof(V)) - 1) + first_capacity;
    const std::uint64_t room = std::max(grown, expected_ > places ? expected_ - places : 0);
    dense_.emplace(keys, keys.least == key ? room : 0, keys.least == key ? 0 : room);
    old.for_each([&](K other, V& value) { dense_->put(dense_->place(other), std::move(value)); });
    return true;
  }

  void destroy() {
    size_ = 0;
    zero_.reset();
    dense_.reset();
    if constexpr (!std::is_trivially_destructible_v<SlotKey<K>> ||
                  !std::is_trivially_destructible_v<V>) {
      if (memory_.data() == nullptr) return;
      for_each_slot(memory_, mask_ + 1, [](Slot& slot) {
        slot.end_key();
        slot.value.~V();
      });
    }
  }

  program::TableMemory memory_;
  std::size_t mask_ = 0;  ///< slots - 1; of hashed keys, ones
  std::size_t limit_ = 0;
  std::size_t size_ = 0;
  std::size_t expected_ = 0;  ///< entries that will come
  std::size_t early_bytes_ = std::size_t{16} << 20U;
  KeyBytes bytes_;
  std::optional<V> zero_;       ///< the value of key 0, which marks free slots of integers
  std::optional<Dense> dense_;  ///< instead of slots
  bool may_be_dense_ = true;
};

}  // namespace volley::detail

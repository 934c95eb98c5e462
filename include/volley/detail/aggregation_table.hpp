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

#include <volley/detail/table_slots.hpp>

#include <bit>
#include <cstdint>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace volley::detail {

/// Where the slots of integers lie that are not hashed: every (1 << shift)-th number from `base`.
template <class U>
struct DenseRange {
  U base = 0;
  unsigned shift = 0;

  /// The slot of a key; at least 2^63 for one that the step leaves out.
  std::uint64_t place(U key) const {
    const auto offset = static_cast<U>(key - base);
    return std::rotr(static_cast<std::uint64_t>(offset), static_cast<int>(shift));
  }
};

template <class K, class V>
class AggregationTable {
  static constexpr bool integers = std::is_integral_v<K> && !std::is_same_v<K, bool>;
  using Slot = std::conditional_t<integers, IntegerSlot<K, V>, TaggedSlot<K, V>>;
  using U = typename std::conditional_t<integers, std::make_unsigned<K>,
                                        std::type_identity<std::uint64_t>>::type;

 public:
  using key_view = typename SlotKey<K>::view;
  static constexpr std::size_t bytes_per_entry = 2 * sizeof(Slot);

  AggregationTable() { reset(first_capacity); }
  AggregationTable(const AggregationTable&) = delete;
  AggregationTable& operator=(const AggregationTable&) = delete;
  ~AggregationTable() { destroy(); }

  std::size_t size() const { return size_; }
  /// Bytes of slots and long keys, without what values hold elsewhere.
  std::size_t memory() const { return memory_.bytes() + bytes_.used(); }
  /// Bytes at the peak of the next growth, if it may come within `more` insertions, else memory().
  std::size_t memory_after(std::size_t more) const {
    return memory() + (size_ + more > limit_ ? growth() * memory_.bytes() : 0);
  }
  /// Forgets every entry; the slots stay as many, or become few.
  void clear(bool keep_capacity) {
    destroy();
    const std::size_t capacity = keep_capacity && !dense_ ? mask_ + 1 : first_capacity;
    memory_ = program::TableMemory();
    bytes_ = KeyBytes();
    dense_.reset();
    reset(capacity);
  }
  /// Tells an empty table how many entries will come at least.
  void reserve(std::size_t entries) {
    VOLLEY_CHECK(size_ == 0, "size={}", size_);
    expected_ = capacity_for(entries);
    if (integers || expected_ <= mask_ + 1) return;  // of integers, the first ones decide
    memory_ = program::TableMemory();
    reset(expected_);
  }

  /// Brings the slot of a key into the cache.
  template <class Key>
  void prefetch(const Key& key, std::uint64_t hash) const {
    std::size_t at = fold(hash) & mask_;
    if constexpr (integers) {
      if (dense_) at = std::min<std::uint64_t>(dense_->place(static_cast<U>(key)), mask_);
    }
    __builtin_prefetch(slots() + at, 1);
  }

  /// Finds `key` and calls update(value), or inserts it with the value of create().
  template <class Key, class Create, class Update>
  void upsert(Key&& key, std::uint64_t hash, Create&& create, Update&& update) {
    if constexpr (integers) {
      if (key == 0) [[unlikely]] {
        if (zero_) return update(*zero_);
        zero_.emplace(create());
        ++size_;
        return;
      }
      if (dense_) {
        const std::uint64_t at = dense_->place(static_cast<U>(key));
        if (at > mask_) [[unlikely]] {
          widen(static_cast<U>(key));
          return upsert(std::forward<Key>(key), hash, create, update);
        }
        Slot& slot = slots()[at];
        if (!slot.is_free()) return update(slot.value);
        slot.set_key(0, key, bytes_);
        new (&slot.value) V(create());
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
        const std::uint64_t at = dense_->place(static_cast<U>(key));
        return at > mask_ || slots()[at].is_free() ? nullptr : &slots()[at].value;
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
    }
    for (std::size_t at = 0; at <= mask_; ++at) {
      Slot& slot = slots()[at];
      if (!slot.is_free()) visit(slot.key.get(), slot.value);
    }
  }

 private:
  static constexpr std::size_t first_capacity = 64;
  static constexpr std::uint64_t max_dense_slots = std::uint64_t{1} << 31U;

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

  /// How many times larger the next table is: small ones hurry.
  std::size_t growth() const { return memory_.bytes() <= std::size_t{4} << 20U ? 4 : 2; }

  void grow() {
    const std::size_t capacity = std::max((mask_ + 1) * growth(), expected_);
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
    dense_.reset();
    reset(capacity);
    for_each_old(old, old_slots, [&](Slot& from) {
      std::size_t at = from.hash() & mask_;
      while (!slots()[at].is_free()) at = (at + 1) & mask_;
      take(slots()[at], from);
    });
  }
  template <class Visit>
  void for_each_old(const program::TableMemory& old, std::size_t old_slots, Visit&& visit) {
    auto* const from = static_cast<Slot*>(old.data());
    for (std::size_t i = 0; i < old_slots; ++i) {
      if (!from[i].is_free()) visit(from[i]);
    }
  }
  void take(Slot& to, Slot& from) {
    to.take_key(from);
    new (&to.value) V(std::move(from.value));
    from.value.~V();
  }

  // --- integers in a dense range

  /// Smallest and largest key, in the order of K, and the bits in which keys differ.
  struct Extent {
    K least;
    K most;
    U differences = 0;

    explicit Extent(K key) : least(key), most(key) {}
    void add(K key) {
      differences |= static_cast<U>(static_cast<U>(key) ^ static_cast<U>(least));
      least = std::min(least, key);
      most = std::max(most, key);
    }
    /// Low bits that all keys share.
    unsigned shift() const {
      return differences == 0 ? 0 : static_cast<unsigned>(std::countr_zero(differences));
    }
    std::uint64_t slots() const {
      const auto width = static_cast<U>(static_cast<U>(most) - static_cast<U>(least));
      return std::max<std::uint64_t>(static_cast<std::uint64_t>(width >> shift()) + 1, 1);
    }
  };
  Extent extent(std::optional<Extent> all = std::nullopt) const {
    for (std::size_t at = 0; at <= mask_; ++at) {
      const Slot& slot = slots()[at];
      if (slot.is_free()) continue;
      if (!all) all.emplace(slot.key.key);
      all->add(slot.key.key);
    }
    return *all;
  }

  /// An array over the range of the keys, if it has at most `most` slots.
  bool become_dense(std::size_t most) {
    const Extent keys = extent();
    const std::uint64_t slots = keys.slots();
    if (slots > most || slots > max_dense_slots) return false;
    move_to_range(keys, slots / 8 + first_capacity / 2, slots / 8 + first_capacity / 2);
    return true;
  }
  /// Makes room for a key beyond the range, on its side, or gives the array up.
  void widen(U key) {
    const auto beyond = static_cast<K>(key);
    const Extent keys = extent(Extent(beyond));
    const std::uint64_t slots = keys.slots();
    if (slots > 4 * size_ + first_capacity || slots > max_dense_slots) {
      may_be_dense_ = false;
      return move_to(std::max(capacity_for(size_ + 1), expected_));
    }
    const std::uint64_t room = slots / 2 + first_capacity;
    move_to_range(keys, keys.least == beyond ? room : 0, keys.least == beyond ? 0 : room);
  }
  void move_to_range(const Extent& keys, std::uint64_t below, std::uint64_t above) {
    const program::TableMemory old = std::move(memory_);
    const std::size_t old_slots = mask_ + 1;
    const std::uint64_t count = below + keys.slots() + above;
    dense_ = DenseRange<U>{
        static_cast<U>(static_cast<U>(keys.least) - static_cast<U>(below << keys.shift())),
        keys.shift()};
    memory_ = program::TableMemory(count * sizeof(Slot));
    mask_ = count - 1;
    limit_ = SIZE_MAX / 2;
    for_each_old(old, old_slots, [&](Slot& from) {
      take(slots()[dense_->place(static_cast<U>(from.key.key))], from);
    });
  }

  void destroy() {
    size_ = 0;
    zero_.reset();
    if constexpr (!std::is_trivially_destructible_v<SlotKey<K>> ||
                  !std::is_trivially_destructible_v<V>) {
      if (memory_.data() == nullptr) return;
      for (std::size_t at = 0; at <= mask_; ++at) {
        Slot& slot = slots()[at];
        if (slot.is_free()) continue;
        slot.end_key();
        slot.value.~V();
      }
    }
  }

  program::TableMemory memory_;
  std::size_t mask_ = 0;  ///< slots - 1; of hashed keys, ones
  std::size_t limit_ = 0;
  std::size_t size_ = 0;
  std::size_t expected_ = 0;  ///< slots for what was reserved
  KeyBytes bytes_;
  std::optional<V> zero_;  ///< the value of key 0, which marks free slots of integers
  std::optional<DenseRange<U>> dense_;
  bool may_be_dense_ = true;
};

}  // namespace volley::detail

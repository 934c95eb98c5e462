#pragma once
// AggregationTable: key to value, open addressing with linear probing, for aggregation by key. It
// is bound by memory latency, so (1) a slot holds hash, key and value together: strings of up to 16
// bytes lie in the slot itself, one cache line decides a probe; (2) callers hash and prefetch a
// batch of records before they touch their slots (aggregator.hpp); (3) the memory is huge pages.
//
// The iteration order depends on the sequence of insertions only. One thread owns a table.

#include "base/check.hpp"
#include "program/table_memory.hpp"

#include <volley/hash.hpp>
#include <volley/types.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volley::detail {

/// Bytes of long keys; freed together.
class KeyBytes {
 public:
  const char* keep(std::string_view text) {
    if (text.size() > room_) {
      room_ = std::max(text.size(), std::min(block_bytes << blocks_.size(), max_block_bytes));
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(room_));
      next_ = blocks_.back().get();
    }
    std::memcpy(next_, text.data(), text.size());
    used_ += text.size();
    room_ -= text.size();
    return std::exchange(next_, next_ + text.size());
  }
  std::size_t used() const { return used_; }

 private:
  static constexpr std::size_t block_bytes = 4096;
  static constexpr std::size_t max_block_bytes = 1U << 20U;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;
  std::size_t used_ = 0;
};

/// Equality of a key and its view, member by member.
template <class A, class B>
bool equal_keys(const A& a, const B& b) {
  constexpr bool same = std::is_same_v<A, B>;
  if constexpr (!same && is_pair<A>::value) {
    return equal_keys(a.first, b.first) && equal_keys(a.second, b.second);
  } else if constexpr (!same && requires { std::tuple_size<A>::value; }) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (equal_keys(std::get<I>(a), std::get<I>(b)) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<A>>{});
  } else {
    return a == b;
  }
}

/// How a key lies in a slot; `view` is what callers look up and see.
template <class K>
struct SlotKey {
  using view = const K&;
  K key;

  template <class Like>
  static SlotKey make(Like&& like, KeyBytes&) {
    return {convert<K>(std::forward<Like>(like))};
  }
  template <class Like>
  bool equals(const Like& like) const {
    return equal_keys(key, like);
  }
  const K& get() const { return key; }
};

template <>
struct SlotKey<std::string> {
  using view = std::string_view;
  static constexpr std::size_t inline_bytes = 16;

  union {
    std::array<std::uint64_t, 2> words;
    const char* far;
  };
  std::uint32_t size = 0;

  static SlotKey make(std::string_view text, KeyBytes& bytes) {
    SlotKey key;
    key.size = static_cast<std::uint32_t>(text.size());
    key.words = {0, 0};
    if (text.size() <= inline_bytes) {
      std::memcpy(key.words.data(), text.data(), text.size());
    } else {
      key.far = bytes.keep(text);
    }
    return key;
  }
  bool equals(std::string_view text) const {
    if (size != text.size()) return false;
    if (size > inline_bytes) return std::memcmp(far, text.data(), size) == 0;
    return std::memcmp(words.data(), text.data(), size) == 0;
  }
  std::string_view get() const {
    return {size <= inline_bytes ? reinterpret_cast<const char*>(words.data()) : far, size};
  }
};

/// A slot with the low bits of the hash; 0 is free.
template <class K, class V>
struct TaggedSlot {
  using Key = SlotKey<K>;
  static constexpr bool zero_is_free = false;

  std::uint32_t tag;
  union {
    Key key;
  };
  union {
    V value;
  };
  ~TaggedSlot() = delete;

  bool is_free() const { return tag == 0; }
  std::uint32_t hash() const { return tag; }
  template <class Like>
  bool holds(std::uint32_t hash, const Like& like) const {
    return tag == hash && key.equals(like);
  }
  template <class Like>
  void set_key(std::uint32_t hash, Like&& like, KeyBytes& bytes) {
    new (&key) Key(Key::make(std::forward<Like>(like), bytes));
    tag = hash;
  }
  void take_key(TaggedSlot& from) {
    tag = from.tag;
    new (&key) Key(std::move(from.key));
    from.key.~Key();
  }
  void end_key() { key.~Key(); }
};

/// A slot of an integer, which is its own tag; 0 is free, so the table keeps that key elsewhere.
template <class K, class V>
struct IntegerSlot {
  using Key = SlotKey<K>;
  static constexpr bool zero_is_free = true;

  Key key;
  union {
    V value;
  };
  ~IntegerSlot() = delete;

  bool is_free() const { return key.key == 0; }
  std::uint32_t hash() const { return static_cast<std::uint32_t>(hash_key(key.key)); }
  bool holds(std::uint32_t, K like) const { return key.key == like; }
  void set_key(std::uint32_t, K like, KeyBytes&) { key.key = like; }
  void take_key(IntegerSlot& from) { key = from.key; }
  void end_key() {}
};

template <class K, class V>
class AggregationTable {
  using Slot = std::conditional_t<std::is_integral_v<K> && !std::is_same_v<K, bool>,
                                  IntegerSlot<K, V>, TaggedSlot<K, V>>;

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
    const std::size_t capacity = keep_capacity ? mask_ + 1 : first_capacity;
    memory_ = program::TableMemory();
    bytes_ = KeyBytes();
    reset(capacity);
  }
  /// Makes an empty table large enough for so many entries.
  void reserve(std::size_t entries) {
    VOLLEY_CHECK(size_ == 0, "size={}", size_);
    std::size_t capacity = mask_ + 1;
    while (capacity / 8 * 5 < entries) capacity *= 2;
    if (capacity == mask_ + 1) return;
    memory_ = program::TableMemory();
    reset(capacity);
  }

  /// Brings the slot that a hash leads to into the cache.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots() + (fold(hash) & mask_), 1); }

  /// Finds `key` and calls update(value), or inserts it with the value of create().
  template <class Key, class Create, class Update>
  void upsert(Key&& key, std::uint64_t hash, Create&& create, Update&& update) {
    if constexpr (Slot::zero_is_free) {
      if (key == 0) [[unlikely]] {
        if (zero_) return update(*zero_);
        zero_.emplace(create());
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
    if constexpr (Slot::zero_is_free) {
      if (key == 0) [[unlikely]]
        return zero_ ? &*zero_ : nullptr;
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
    if constexpr (Slot::zero_is_free) {
      if (zero_) visit(K{0}, *zero_);
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
    return !Slot::zero_is_free && low == 0 ? 1U : low;
  }
  Slot* slots() const { return static_cast<Slot*>(memory_.data()); }

  void reset(std::size_t capacity) {
    VOLLEY_CHECK(capacity <= (std::size_t{1} << 32U), "a table of {} slots", capacity);
    memory_ = program::TableMemory(capacity * sizeof(Slot));
    mask_ = capacity - 1;
    limit_ = capacity / 8 * 5;
  }

  /// How many times larger the next table is: small ones hurry.
  std::size_t growth() const { return memory_.bytes() <= std::size_t{4} << 20U ? 4 : 2; }

  void grow() {
    const std::size_t new_slots = (mask_ + 1) * growth();
    const program::TableMemory old = std::move(memory_);
    const std::size_t old_slots = mask_ + 1;
    memory_ = {};
    reset(new_slots);
    auto* const from = static_cast<Slot*>(old.data());
    for (std::size_t i = 0; i < old_slots; ++i) {
      if (from[i].is_free()) continue;
      std::size_t at = from[i].hash() & mask_;
      while (!slots()[at].is_free()) at = (at + 1) & mask_;
      Slot& slot = slots()[at];
      slot.take_key(from[i]);
      new (&slot.value) V(std::move(from[i].value));
      from[i].value.~V();
    }
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
  std::size_t mask_ = 0;
  std::size_t limit_ = 0;
  std::size_t size_ = 0;
  KeyBytes bytes_;
  std::optional<V> zero_;  ///< the value of key 0, where that marks free slots
};

}  // namespace volley::detail

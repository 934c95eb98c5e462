#pragma once
// AggregationTable: key to value, open addressing with linear probing, for aggregation by key. It
// is bound by memory latency, so (1) a slot holds hash, key and value together: strings of up to 16
// bytes lie in the slot itself, one cache line decides a probe; (2) callers hash and prefetch a
// batch of records before they touch their slots (Aggregator); (3) the memory is huge pages.
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

template <class K, class V>
class AggregationTable {
 public:
  using key_view = typename SlotKey<K>::view;

  AggregationTable() { reset(first_capacity); }
  AggregationTable(const AggregationTable&) = delete;
  AggregationTable& operator=(const AggregationTable&) = delete;
  ~AggregationTable() { destroy(); }

  std::size_t size() const { return size_; }
  /// Bytes of slots and long keys, without what values hold elsewhere.
  std::size_t memory() const { return memory_.bytes() + bytes_.used(); }
  /// Bytes at the peak of the next growth, if it may come within `more` insertions, else memory().
  std::size_t memory_after(std::size_t more) const {
    return memory() + (size_ + more > limit_ ? 2 * memory_.bytes() : 0);
  }
  /// Forgets every entry; the slots stay as many, or become few.
  void clear(bool keep_capacity) {
    destroy();
    const std::size_t capacity = keep_capacity ? mask_ + 1 : first_capacity;
    memory_ = program::TableMemory();
    bytes_ = KeyBytes();
    size_ = 0;
    reset(capacity);
  }

  /// Brings the slot that a hash leads to into the cache.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots() + (fold(hash) & mask_), 1); }

  /// Finds `key` and calls update(value), or inserts it with the value of create().
  template <class Key, class Create, class Update>
  void upsert(Key&& key, std::uint64_t hash, Create&& create, Update&& update) {
    const std::uint32_t tag = fold(hash);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots()[at];
      if (slot.tag == tag && slot.key.equals(key)) {
        update(slot.value);
        return;
      }
      if (slot.tag == 0) {
        new (&slot.key) SlotKey<K>(SlotKey<K>::make(std::forward<Key>(key), bytes_));
        new (&slot.value) V(create());
        slot.tag = tag;
        if (++size_ > limit_) grow();
        return;
      }
    }
  }

  /// The value of a key, or null.
  template <class Key>
  const V* find(const Key& key, std::uint64_t hash) const {
    const std::uint32_t tag = fold(hash);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots()[at];
      if (slot.tag == tag && slot.key.equals(key)) return &slot.value;
      if (slot.tag == 0) return nullptr;
    }
  }

  /// visit(key view, V&) for every entry.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::size_t at = 0; at <= mask_; ++at) {
      Slot& slot = slots()[at];
      if (slot.tag != 0) visit(slot.key.get(), slot.value);
    }
  }

 private:
  struct Slot {
    std::uint32_t tag;  // 0: free
    union {
      SlotKey<K> key;
    };
    union {
      V value;
    };
    ~Slot() = delete;
  };
  static constexpr std::size_t first_capacity = 64;

  static std::uint32_t fold(std::uint64_t hash) {
    const auto low = static_cast<std::uint32_t>(hash);
    return low == 0 ? 1U : low;
  }
  Slot* slots() const { return static_cast<Slot*>(memory_.data()); }

  void reset(std::size_t capacity) {
    VOLLEY_CHECK(capacity <= (std::size_t{1} << 32U), "a table of {} slots", capacity);
    memory_ = program::TableMemory(capacity * sizeof(Slot));
    mask_ = capacity - 1;
    limit_ = capacity / 8 * 5;
  }

  void grow() {
    const program::TableMemory old = std::move(memory_);
    const std::size_t old_slots = mask_ + 1;
    memory_ = {};
    reset(old_slots * 2);
    auto* const from = static_cast<Slot*>(old.data());
    for (std::size_t i = 0; i < old_slots; ++i) {
      if (from[i].tag == 0) continue;
      std::size_t at = from[i].tag & mask_;
      while (slots()[at].tag != 0) at = (at + 1) & mask_;
      Slot& slot = slots()[at];
      slot.tag = from[i].tag;
      new (&slot.key) SlotKey<K>(std::move(from[i].key));
      new (&slot.value) V(std::move(from[i].value));
      from[i].key.~SlotKey<K>();
      from[i].value.~V();
    }
  }

  void destroy() {
    if constexpr (!std::is_trivially_destructible_v<SlotKey<K>> ||
                  !std::is_trivially_destructible_v<V>) {
      if (memory_.data() == nullptr) return;
      for (std::size_t at = 0; at <= mask_; ++at) {
        Slot& slot = slots()[at];
        if (slot.tag == 0) continue;
        slot.key.~SlotKey<K>();
        slot.value.~V();
      }
    }
  }

  program::TableMemory memory_;
  std::size_t mask_ = 0;
  std::size_t limit_ = 0;
  std::size_t size_ = 0;
  KeyBytes bytes_;
};

/// Bytes that a value holds outside itself, as far as one look tells.
template <class V>
std::size_t held_bytes(const V& value) {
  if constexpr (std::is_trivially_copyable_v<V>) {
    return 0;
  } else if constexpr (is_pair<V>::value) {
    return held_bytes(value.first) + held_bytes(value.second);
  } else if constexpr (requires { value.capacity(); }) {
    return value.capacity() * sizeof(*value.begin());
  } else {
    return sizeof(V);
  }
}

/// Feeds a table in batches: hashes and prefetches all of a batch, then updates. `R` is the record
/// type (a pair, possibly of views), `Fold` has create(value) -> C and merge(C&, value). When the
/// table needs more than `limit` bytes, on_full(table) is called, which empties it.
template <class R, class C, class Fold, class OnFull>
class Aggregator {
 public:
  using record_type = R;
  using K = owned_t<typename R::first_type>;
  using Table = AggregationTable<K, C>;

  Aggregator(Fold& fold, std::uint64_t limit, OnFull& on_full)
      : fold_(fold), limit_(limit), on_full_(on_full) {
    pending_.reserve(batch_size);
  }

  template <class X>
  void operator()(X&& record) {
    pending_.push_back(std::forward<X>(record));
    if (pending_.size() == batch_size) flush();
  }
  void flush() {
    std::array<std::uint64_t, batch_size> hashes;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      hashes[i] = hash_key(pending_[i].first);
      table_.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      R& record = pending_[i];
      table_.upsert(
          std::move(record.first), hashes[i], [&] { return create(std::move(record.second)); },
          [&](C& into) { merge(into, std::move(record.second)); });
    }
    pending_.clear();
    if (table_.memory_after(batch_size) + held_ > limit_) [[unlikely]] {
      if (table_.size() == 0) return;
      on_full_(table_);
      held_ = 0;
    }
  }
  Table& table() { return table_; }

 private:
  static constexpr std::size_t batch_size = 64;

  template <class V>
  C create(V&& value) {
    if constexpr (std::is_trivially_copyable_v<C>) {
      return fold_.create(std::forward<V>(value));
    } else {
      C created = fold_.create(std::forward<V>(value));
      held_ += held_bytes(created) + Fold::element_bytes(created);
      return created;
    }
  }
  template <class V>
  void merge(C& into, V&& value) {
    if constexpr (std::is_trivially_copyable_v<C>) {
      fold_.merge(into, std::forward<V>(value));
    } else {
      const std::size_t before = held_bytes(into);
      fold_.merge(into, std::forward<V>(value));
      held_ += held_bytes(into) - before + Fold::element_bytes(into);
    }
  }

  Fold& fold_;
  std::uint64_t limit_;
  OnFull& on_full_;
  std::uint64_t held_ = 0;  ///< by values, outside the table
  std::vector<R> pending_;
  Table table_;
};

}  // namespace volley::detail

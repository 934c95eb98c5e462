#pragma once
// The slots of an AggregationTable: how keys and values lie in memory.

#include <volley/hash.hpp>
#include <volley/order.hpp>
#include <volley/types.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
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
    return same_key(key, like);
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

}  // namespace volley::detail

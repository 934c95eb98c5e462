#pragma once
// WorkerSet: an ordered set of workers as bits, for sets that change with every task: with a
// hundred thousand workers it is a few kilobytes that stay in the cache, where the nodes of a tree
// would not. Executors are counted, so their bits are dense.

#include "base/ids.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace volley::driver {

struct WorkerKey {
  base::ExecutorId executor = 0;
  std::uint32_t member = 0;
  auto operator<=>(const WorkerKey&) const = default;
};

class WorkerSet {
 public:
  /// In the order of the keys. A change of the set ends it, except the removal of what is behind
  /// it.
  class const_iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = WorkerKey;
    using difference_type = std::ptrdiff_t;
    using pointer = const WorkerKey*;
    using reference = WorkerKey;

    const_iterator(const WorkerSet& set, std::size_t place) : set_(&set), place_(place) {}
    WorkerKey operator*() const { return set_->key_of(place_); }
    const_iterator& operator++() {
      place_ = set_->next(place_ + 1);
      return *this;
    }
    const_iterator operator++(int) {
      const const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const { return place_ == other.place_; }

   private:
    const WorkerSet* set_;
    std::size_t place_;
  };

  /// False when it was there.
  bool insert(const WorkerKey& key);
  /// False when it was not.
  bool erase(const WorkerKey& key);
  bool contains(const WorkerKey& key) const;
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const_iterator begin() const { return {*this, next(0)}; }
  const_iterator end() const { return {*this, nowhere}; }
  /// The first one after `key`.
  const_iterator upper_bound(const WorkerKey& key) const;

 private:
  using Word = std::uint64_t;
  static constexpr std::size_t bits = 64;
  static constexpr std::size_t nowhere = ~std::size_t{0};

  std::size_t place_of(const WorkerKey& key) const {
    return key.executor * members_ + std::size_t{key.member};
  }
  WorkerKey key_of(std::size_t place) const {
    return {static_cast<base::ExecutorId>(place / members_),
            static_cast<std::uint32_t>(place % members_)};
  }
  /// The first place with a worker from there on.
  std::size_t next(std::size_t place) const;
  void make_room(const WorkerKey& key);

  /// A bit of the first level is a worker, one of the others says that a word of the level before
  /// is not zero.
  std::array<std::vector<Word>, 4> levels_;
  std::size_t members_ = 1;  ///< most of an executor
  std::size_t size_ = 0;
};

}  // namespace volley::driver

#pragma once
// Sorting by an 8-byte prefix of the key, for sort_by_key: records stay where they are, entries of
// 16 bytes move.

#include "program/table_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace volley::program {

struct SortEntry {
  std::uint64_t prefix = 0;  ///< orders as the keys do, but for keys that share it
  const std::byte* record = nullptr;
};

/// A growing array of entries on huge pages, where the kernel gives them.
class SortEntries {
 public:
  void reserve(std::size_t capacity);
  void push_back(const SortEntry& entry) {
    if (size_ == capacity_) [[unlikely]]
      reserve(2 * capacity_ + 1024);
    data()[size_++] = entry;
  }
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  std::span<SortEntry> all() { return {data(), size_}; }

 private:
  SortEntry* data() const { return static_cast<SortEntry*>(memory_.data()); }

  TableMemory memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Sorts by prefix, ascending and stable: least significant digit first, 8 bits at a time, without
/// the digits that all entries share.
void sort_by_prefix(std::span<SortEntry> entries);

}  // namespace volley::program

#pragma once
// Row: records that lie one after another and become more. Records that are bytes and nothing else
// lie in memory from realloc(3), which moves the pages of a large block and does not copy or clear
// them again; bools lie in bytes, where std::vector would pack them into bits.

#include "program/huge_pages.hpp"
#include "protocol/codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

template <class T>
class PlainRow {
 public:
  PlainRow() = default;
  /// `count` records that are not initialized.
  explicit PlainRow(std::size_t count) : size_(count) { reserve(count); }
  PlainRow(PlainRow&& other) noexcept
      : records_(std::exchange(other.records_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  PlainRow& operator=(PlainRow&& other) noexcept {
    std::swap(records_, other.records_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  PlainRow(const PlainRow&) = delete;
  PlainRow& operator=(const PlainRow&) = delete;
  ~PlainRow() { std::free(records_); }

  void push_back(const T& record) {
    if (size_ == capacity_) [[unlikely]] {
      const T own = record;  // it may lie in here
      resize_memory(std::max<std::size_t>(2 * capacity_, 64));
      new (records_ + size_++) T(own);
      return;
    }
    new (records_ + size_++) T(record);
  }
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) resize_memory(capacity);
  }
  /// So many more records that are not initialized.
  void grow_by(std::size_t count) {
    reserve(size_ + count);
    size_ += count;
  }
  void clear() { size_ = 0; }
  void shrink_to_fit() {
    if (size_ != 0 && size_ < capacity_) resize_memory(size_);
  }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T* data() { return records_; }
  const T* data() const { return records_; }
  T* begin() { return records_; }
  T* end() { return records_ + size_; }
  const T* begin() const { return records_; }
  const T* end() const { return records_ + size_; }
  T& operator[](std::size_t at) { return records_[at]; }
  const T& operator[](std::size_t at) const { return records_[at]; }
  T& back() { return records_[size_ - 1]; }

 private:
  [[gnu::noinline]] void resize_memory(std::size_t capacity) {
    void* const larger = std::realloc(static_cast<void*>(records_), capacity * sizeof(T));
    if (larger == nullptr) throw std::bad_alloc();
    records_ = static_cast<T*>(larger);
    capacity_ = capacity;
    const std::size_t bytes = capacity * sizeof(T);
    if (bytes >= program::worth_huge_pages) program::prefer_huge_pages(larger, bytes);
  }

  T* records_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

template <class T>
using Row = std::conditional_t<(protocol::is_bitwise_v<T> || std::is_same_v<T, bool>)&&alignof(T) <=
                                   alignof(std::max_align_t),
                               PlainRow<T>, std::vector<T>>;

}  // namespace volley::detail

#pragma once
// TableMemory: zeroed memory for hash tables, straight from the kernel, on huge pages where it
// gives them: probing a large table costs a cache miss and, without them, a page walk.

#include <cstddef>
#include <utility>

namespace volley::program {

class TableMemory {
 public:
  TableMemory() = default;
  /// Zeroed, at least 64-byte aligned. Throws std::bad_alloc.
  explicit TableMemory(std::size_t bytes);
  TableMemory(TableMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  TableMemory& operator=(TableMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  TableMemory(const TableMemory&) = delete;
  TableMemory& operator=(const TableMemory&) = delete;
  ~TableMemory();

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace volley::program

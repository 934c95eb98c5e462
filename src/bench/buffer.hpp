#pragma once
// Buffer: page-aligned memory of a benchmark, touched before anything is timed; and how much memory
// a node has to offer.

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace volley::bench {

class Buffer {
 public:
  /// At least 1 byte, all written once.
  static base::Result<Buffer> make(std::uint64_t bytes);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::uint64_t size() const { return size_; }
  std::span<std::byte> part(std::uint64_t offset, std::uint64_t bytes) {
    return {data_ + offset, bytes};
  }

 private:
  Buffer(std::byte* data, std::uint64_t size) : data_(data), size_(size) {}
  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Bytes that processes of this machine can still get, from the contents of /proc/meminfo, and of
/// memory.max and memory.current of the control group (empty when there is none).
std::uint64_t available_memory(std::string_view meminfo, std::string_view group_limit,
                               std::string_view group_use);
std::uint64_t available_memory();

}  // namespace volley::bench

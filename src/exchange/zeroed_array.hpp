#pragma once
// ZeroedArray: an array of zero bytes whose pages cost nothing until they are touched. A task that
// writes few records to tens of thousands of partitions keeps something for each of them in it.

#include "base/check.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <type_traits>

namespace volley::exchange {

template <class T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  /// Zero bytes must be a valid T.
  explicit ZeroedArray(std::size_t size) : bytes_(size * sizeof(T)) {
    if (bytes_ < mapped_bytes) {
      at_ = static_cast<T*>(std::calloc(size + 1, sizeof(T)));
      VOLLEY_CHECK(at_ != nullptr, "bytes={}", bytes_);
      return;
    }
    void* const at =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    VOLLEY_CHECK(at != MAP_FAILED, "bytes={}", bytes_);
    ::madvise(at, bytes_, MADV_NOHUGEPAGE);  // a wish: a huge page would be touched as a whole
    at_ = static_cast<T*>(at);
  }
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;
  ~ZeroedArray() {
    if (bytes_ < mapped_bytes) {
      std::free(at_);
    } else {
      ::munmap(at_, bytes_);
    }
  }

  T& operator[](std::size_t index) { return at_[index]; }

 private:
  static constexpr std::size_t mapped_bytes = std::size_t{64} << 10U;

  std::size_t bytes_;
  T* at_ = nullptr;
};

}  // namespace volley::exchange

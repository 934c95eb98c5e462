#pragma once
// SharedMemory: a sealed, unlinked memfd and its mapping; gone with the last process that holds it.
// Sealed against resizing, so that no holder can make another one fault by truncating it.

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace volley::net {

class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { unmap(); }

  /// A new memfd of `bytes` zero bytes; `name` is what /proc shows.
  static base::Result<base::Fd> create(const char* name, std::uint64_t bytes);
  /// Maps the whole of a memfd for reading and writing. The descriptor may be closed afterwards.
  static base::Result<SharedMemory> map(int descriptor);

  std::byte* data() const { return data_; }
  std::uint64_t size() const { return size_; }

 private:
  void unmap();

  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

/// "cannot <what>: <text of errno>".
base::Failure system_failure(std::string_view what, int error);

/// Another descriptor of the same open file, closed on exec; `lowest` is the least number it gets.
base::Result<base::Fd> duplicate(int descriptor, int lowest = 3);

}  // namespace volley::net

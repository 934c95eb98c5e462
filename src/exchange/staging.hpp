#pragma once
// Staging: a bounded number of buffers of one segment each, for what does not go straight from and
// to its place. Belongs to one mover.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace volley::exchange {

using Buffer = std::unique_ptr<std::byte[]>;

class Staging {
 public:
  /// As many buffers as `total` bytes have room for, but at least `least`.
  Staging(std::uint64_t buffer_bytes, std::uint64_t total, std::uint64_t least = 1)
      : buffer_bytes_(buffer_bytes), left_(std::max(least, total / buffer_bytes)) {}

  /// Null when all are in use.
  Buffer take() {
    if (!free_.empty()) {
      Buffer buffer = std::move(free_.back());
      free_.pop_back();
      return buffer;
    }
    if (left_ == 0) return nullptr;
    --left_;
    return std::make_unique_for_overwrite<std::byte[]>(buffer_bytes_);
  }
  void give_back(Buffer buffer) {
    if (buffer) free_.push_back(std::move(buffer));
  }
  /// For a buffer of a transfer that was abandoned. When its memory is not free, it stays where it
  /// is, and another one may be taken in its place.
  void abandon(Buffer& buffer, bool free) {
    if (!buffer) return;
    if (free) {
      give_back(std::move(buffer));
    } else {
      ++left_;
    }
  }
  /// Gives the memory of the buffers that are not in use back.
  void shrink() {
    left_ += free_.size();
    free_.clear();
  }

 private:
  std::uint64_t buffer_bytes_;
  std::uint64_t left_;
  std::vector<Buffer> free_;
};

}  // namespace volley::exchange

#include "net/frame_stream.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace volley::net {

namespace {
constexpr std::uint64_t largest_reserve = 16ULL << 20U;
}

std::array<std::byte, frame_header_bytes> frame_header(std::uint64_t size) {
  return std::bit_cast<std::array<std::byte, frame_header_bytes>>(size);
}

std::size_t FrameReader::feed_header(std::span<const std::byte> bytes) {
  const std::size_t taken = std::min(frame_header_bytes - header_used_, bytes.size());
  if (taken == 0) return 0;
  std::memcpy(header_.data() + header_used_, bytes.data(), taken);
  header_used_ += taken;
  if (header_used_ < frame_header_bytes) return taken;
  size_ = std::bit_cast<std::uint64_t>(header_);
  damaged_ = size_ > max_frame_bytes;
  if (!damaged_) frame_.reserve(std::min(size_, largest_reserve));
  return taken;
}

std::size_t FrameReader::feed(std::span<const std::byte> bytes) {
  if (damaged_ || complete()) return 0;
  const std::size_t head = header_used_ < frame_header_bytes ? feed_header(bytes) : 0;
  if (damaged_ || header_used_ < frame_header_bytes) return head;
  const auto body = std::min<std::uint64_t>(bytes.size() - head, size_ - frame_.size());
  const auto from = bytes.subspan(head, body);
  frame_.insert(frame_.end(), from.begin(), from.end());
  return head + body;
}

Bytes FrameReader::take() {
  VOLLEY_CHECK(complete(), "size={} have={}", size_, frame_.size());
  header_used_ = 0;
  size_ = 0;
  return std::exchange(frame_, {});
}

}  // namespace volley::net

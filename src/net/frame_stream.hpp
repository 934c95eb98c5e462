#pragma once
// Frames on a byte stream: 8 bytes of size, then the bytes. The container link and the rank router
// both speak it; neither end needs to know where the stream was cut into pieces.

#include "protocol/codec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace volley::net {

using protocol::Bytes;

inline constexpr std::size_t frame_header_bytes = 8;
/// A size beyond this is not a frame but a damaged stream.
inline constexpr std::uint64_t max_frame_bytes = 1ULL << 46U;

std::array<std::byte, frame_header_bytes> frame_header(std::uint64_t size);

/// Puts frames together from pieces of a stream. Memory grows with what has arrived, not with what
/// a header promises.
class FrameReader {
 public:
  /// Takes bytes up to the end of the current frame; returns how many. Nothing while a complete
  /// frame waits for take(), nothing once damaged.
  std::size_t feed(std::span<const std::byte> bytes);
  bool complete() const { return header_used_ == frame_header_bytes && frame_.size() == size_; }
  /// The complete frame.
  Bytes take();
  /// Whether a frame has begun and is not complete.
  bool in_frame() const { return header_used_ != 0 && !complete(); }
  bool damaged() const { return damaged_; }

 private:
  std::size_t feed_header(std::span<const std::byte> bytes);

  std::array<std::byte, frame_header_bytes> header_{};
  std::size_t header_used_ = 0;
  std::uint64_t size_ = 0;
  Bytes frame_;
  bool damaged_ = false;
};

}  // namespace volley::net

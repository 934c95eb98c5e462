#pragma once
// SendQueue: the frames waiting for one rank, cut into packets. Small frames share a packet; a
// large frame is sent from its own memory in segments, behind a header. The receiver sees one
// stream of frames (frame_stream.hpp) wherever it was cut.

#include "net/frame_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

namespace volley::net {

/// Bytes on their way: its own, or a piece of a large frame that several packets hold.
class Packet {
 public:
  explicit Packet(Bytes own) : own_(std::move(own)) {}
  Packet(std::shared_ptr<const Bytes> frame, std::size_t offset, std::size_t size)
      : frame_(std::move(frame)), offset_(offset), size_(size) {}

  std::span<const std::byte> bytes() const {
    return frame_ ? std::span<const std::byte>(*frame_).subspan(offset_, size_)
                  : std::span<const std::byte>(own_);
  }

 private:
  Bytes own_;
  std::shared_ptr<const Bytes> frame_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
};

class SendQueue {
 public:
  void push(Bytes frame) { frames_.push_back(std::move(frame)); }
  bool empty() const { return frames_.empty() && !body_; }
  /// The next packet of at most `segment` bytes; small frames are gathered up to `gather` bytes.
  /// Both are at least 16; the queue is not empty.
  Packet next(std::uint64_t segment, std::uint64_t gather);

 private:
  Packet next_of_body(std::uint64_t segment);

  std::deque<Bytes> frames_;
  std::shared_ptr<const Bytes> body_;  ///< a large frame whose header has gone
  std::size_t body_sent_ = 0;
};

}  // namespace volley::net

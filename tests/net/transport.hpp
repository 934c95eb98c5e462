#pragma once
// What every carrier of frames must do, seen by the conformance suite: two ends, each sends whole
// frames to the other. The in-memory loop is the plainest thing that passes.

#include "net/container_link.hpp"
#include "net/frame_stream.hpp"
#include "net/send_queue.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace volley::tests {

using net::Bytes;

/// `size` bytes that differ by seed and by place.
inline Bytes pattern(std::uint64_t seed, std::size_t size) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + size + 1;
  for (auto& each : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    each = static_cast<std::byte>(state >> 56U);
  }
  return bytes;
}

inline net::ContainerLink open_link(net::LinkDescriptors descriptors) {
  auto link = net::ContainerLink::open(std::move(descriptors));
  VOLLEY_CHECK(link.ok(), "{}", link.error());
  return std::move(link).value();
}

/// Both ends of a link in this process.
template <std::uint64_t Capacity>
class LinkTransport {
 public:
  void send(std::size_t end, std::span<const std::byte> frame) { ends_.at(end).send(frame); }
  std::optional<Bytes> receive(std::size_t end) { return ends_.at(end).receive(); }
  void progress() {
    for (auto& end : ends_) end.pump();
  }
  bool quiet() const { return !ends_[0].has_unsent() && !ends_[1].has_unsent(); }

 private:
  LinkTransport(net::LinkEnds ends)
      : ends_{open_link(std::move(ends.rank)), open_link(std::move(ends.container))} {}

 public:
  LinkTransport() : LinkTransport(std::move(net::make_link(Capacity)).value()) {}

 private:
  std::array<net::ContainerLink, 2> ends_;
};

/// The router's cutting and joining without MPI between them.
template <std::uint64_t Segment, std::uint64_t Gather>
class PacketTransport {
 public:
  void send(std::size_t end, std::span<const std::byte> frame) {
    lanes_.at(1 - end).queue.push(Bytes(frame.begin(), frame.end()));
  }
  std::optional<Bytes> receive(std::size_t end) {
    Lane& lane = lanes_.at(end);
    if (lane.arrived.empty()) return std::nullopt;
    Bytes frame = std::move(lane.arrived.front());
    lane.arrived.pop_front();
    return frame;
  }
  void progress() {
    for (Lane& lane : lanes_) {
      if (!lane.queue.empty()) move_packet(lane);
    }
  }
  bool quiet() const {
    return lanes_[0].queue.empty() && lanes_[1].queue.empty() && !lanes_[0].reader.in_frame() &&
           !lanes_[1].reader.in_frame();
  }

 private:
  struct Lane {
    net::SendQueue queue;
    net::FrameReader reader;
    std::deque<Bytes> arrived;
  };
  static void move_packet(Lane& lane) {
    const net::Packet packet = lane.queue.next(Segment, Gather);
    auto rest = packet.bytes();
    VOLLEY_CHECK(!rest.empty() && rest.size() <= Segment, "packet of {} bytes", rest.size());
    while (!rest.empty()) {
      rest = rest.subspan(lane.reader.feed(rest));
      if (lane.reader.complete()) lane.arrived.push_back(lane.reader.take());
    }
  }
  std::array<Lane, 2> lanes_;  ///< by receiving end
};

class LoopTransport {
 public:
  void send(std::size_t end, std::span<const std::byte> frame) {
    frames_.at(1 - end).emplace_back(frame.begin(), frame.end());
  }
  std::optional<Bytes> receive(std::size_t end) {
    auto& frames = frames_.at(end);
    if (frames.empty()) return std::nullopt;
    Bytes frame = std::move(frames.front());
    frames.pop_front();
    return frame;
  }
  void progress() {}
  bool quiet() const { return frames_[0].empty() && frames_[1].empty(); }

 private:
  std::array<std::deque<Bytes>, 2> frames_;
};

}  // namespace volley::tests

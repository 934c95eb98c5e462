#pragma once
// ContainerLink: one end of the duplex link between a rank and a container on its node. Frames of
// any size pass through two rings in one unlinked memfd; an eventfd for each end wakes it from
// poll(2). An end belongs to one thread. The same class serves both isolations: a container process
// opens its end from inherited descriptors, a container thread from the pair directly.
//
// Waking is suppressed: an end writes its peer's eventfd only when the peer is armed, and disarms
// it by that. An end is armed when it is made, by drain_wakeups() and by prepare_to_wait(); a busy
// end is not, so sending to it costs no system call. A loop that sleeps must either
//   poll(wake_descriptor()) -> drain_wakeups() -> pump() and receive() until nothing is left, or
//   call prepare_to_wait() before each sleep, and not sleep when that says there is work.
//
// What a process wrote to the ring before it died is still readable. A container that damages the
// memory breaks its own link (broken()), not the rank.

#include "base/fd.hpp"
#include "base/result.hpp"
#include "net/frame_stream.hpp"
#include "net/ring.hpp"
#include "net/shared_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

namespace volley::net {

enum class LinkSide : std::uint8_t { rank, container };

/// What one end consists of; close-on-exec until handed to a process.
struct LinkDescriptors {
  LinkSide side = LinkSide::rank;
  base::Fd memory;
  base::Fd wake_self;  ///< the eventfd this end polls
  base::Fd wake_peer;  ///< the eventfd this end writes
};

struct LinkEnds {
  LinkDescriptors rank;
  LinkDescriptors container;
};

/// Makes a link with `capacity` bytes each way, rounded up to a power of two and at least a page.
base::Result<LinkEnds> make_link(std::uint64_t capacity);

class ContainerLink {
 public:
  /// Takes over the descriptors. Fails when they are not a link.
  static base::Result<ContainerLink> open(LinkDescriptors descriptors);

  ContainerLink(ContainerLink&&) noexcept = default;
  ContainerLink& operator=(ContainerLink&&) noexcept = default;
  ContainerLink(const ContainerLink&) = delete;
  ContainerLink& operator=(const ContainerLink&) = delete;
  ~ContainerLink() = default;

  /// Never blocks: what does not fit waits in this process until pump(). Unbounded here; whoever
  /// produces faster than the peer reads must look at unsent_bytes().
  void send(std::span<const std::byte> frame);
  /// Moves waiting bytes into the ring; returns whether any moved.
  bool pump();
  bool has_unsent() const { return !unsent_.empty(); }
  std::uint64_t unsent_bytes() const { return unsent_bytes_; }

  /// The next whole frame, if it has arrived.
  std::optional<Bytes> receive();
  /// Whether the peer has damaged the stream; nothing is received or sent any more.
  bool broken() const { return writer_.broken() || reader_.broken() || frame_.damaged(); }

  /// To poll for reading. Stays readable until drain_wakeups().
  int wake_descriptor() const { return descriptors_.wake_self.get(); }
  /// Clears the wake-up and arms this end; receive and pump afterwards, not before.
  void drain_wakeups();
  /// Arms this end; returns whether sleeping is right: nothing to receive and nothing to pump.
  bool prepare_to_wait();

 private:
  struct Shared;
  ContainerLink(LinkDescriptors descriptors, SharedMemory memory);

  Shared& shared() const;
  std::atomic<std::uint32_t>& armed(LinkSide side) const;
  void arm(std::uint32_t reasons);
  void wake_peer(std::uint32_t reason);
  void queue(std::span<const std::byte> bytes);
  bool write_unsent();

  LinkDescriptors descriptors_;
  SharedMemory memory_;
  RingWriter writer_;
  RingReader reader_;
  FrameReader frame_;
  std::deque<Bytes> unsent_;       ///< the stream's bytes behind the ring, never an empty piece
  std::size_t unsent_offset_ = 0;  ///< what has gone of the first piece
  std::uint64_t unsent_bytes_ = 0;

  friend base::Result<LinkEnds> make_link(std::uint64_t capacity);
};

}  // namespace volley::net

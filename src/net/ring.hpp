#pragma once
// A byte ring in shared memory with one writer and one reader, threads or processes. The two
// counters only grow; each has one owner, which keeps its own copy and never believes the shared
// one: a peer that scribbled over the memory makes the ring broken(), never the reader run wild.
// Counters are published and looked at sequentially consistently, so that a side may declare itself
// waiting, look once more, and sleep without missing anything (see ContainerLink).

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace volley::net {

/// The shared part, all zero at the start. Separate cache lines: each side writes one.
struct RingCounters {
  alignas(64) std::atomic<std::uint64_t> written{0};
  alignas(64) std::atomic<std::uint64_t> consumed{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// The writing side. `data` has a power-of-two size and outlives this.
class RingWriter {
 public:
  RingWriter(RingCounters& counters, std::span<std::byte> data);

  /// Copies as much as fits, in at most two pieces; returns how many bytes.
  std::size_t write(std::span<const std::byte> bytes);
  /// Free bytes; 0 when broken.
  std::uint64_t room();
  bool broken() const { return broken_; }

 private:
  RingCounters* counters_;
  std::span<std::byte> data_;
  std::uint64_t written_;
  bool broken_ = false;
};

/// The reading side.
class RingReader {
 public:
  RingReader(RingCounters& counters, std::span<const std::byte> data);

  /// Unread bytes; 0 when broken.
  std::uint64_t available();
  /// The unread bytes up to the ring's edge; valid until consume().
  std::span<const std::byte> front();
  /// Gives the first `bytes` of front() back to the writer.
  void consume(std::size_t bytes);
  bool broken() const { return broken_; }

 private:
  RingCounters* counters_;
  std::span<const std::byte> data_;
  std::uint64_t consumed_;
  bool broken_ = false;
};

}  // namespace volley::net

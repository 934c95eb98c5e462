#pragma once
// PairwiseStream: the blocks of one stream, their segments, and how far they have moved. A mover
// keeps it and uses it again, so that in the long run a stream allocates nothing.

#include "exchange/checksum.hpp"
#include "exchange/data_mover.hpp"
#include "exchange/segment_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace volley::exchange {

struct PairwiseStream {
  DataMover::Stream id = 0;  ///< 0: not in use
  std::uint32_t tag = 0;
  // Of this stream's own memory.
  std::span<const std::uint64_t> sizes;
  std::span<const std::span<const std::byte>> sources;  ///< of a sending stream
  std::span<std::byte* const> destinations;             ///< of a receiving stream that keeps them
  std::span<const std::uint64_t> checksums;             ///< of a receiving stream, if it has any
  std::span<const Segment> plan;
  std::size_t posted = 0;
  std::size_t moved = 0;  ///< segments, in order
  DataMover::Arrival arrival;
  std::optional<RunningChecksum> running;  ///< of a block that comes in pieces

  PairwiseStream() = default;
  PairwiseStream(const PairwiseStream&) = delete;
  PairwiseStream& operator=(const PairwiseStream&) = delete;

  // To be started once more needs no clearing before: each start sets everything.
  void start_sending(std::span<const std::span<const std::byte>> blocks,
                     const MoverOptions& options) {
    if (blocks.size() == 1 && is_one(blocks[0].size(), options)) {
      start_one(blocks[0]);
    } else {
      start_many(blocks, options);
    }
  }
  void start_receiving(const DataMover::Landing& landing, const MoverOptions& options) {
    if (landing.sizes.size() == 1 && is_one(landing.sizes[0], options)) {
      start_one(landing);
    } else {
      start_many(landing, options);
    }
  }
  /// For one block in one segment.
  static bool is_one(std::uint64_t bytes, const MoverOptions& options) {
    return is_one_segment(bytes, options.segment_bytes, options.eager_bytes);
  }
  void start_one(std::span<const std::byte> block) {
    one_.source = block;
    sources = {&one_.source, 1};
    destinations = {};
    plan_one(block.size());
  }

  /// Where a segment is read from, if it lies packed.
  std::span<const std::byte> source_of(const Segment& segment) const {
    return {sources[segment.block].data() + segment.offset, segment.bytes};
  }
  std::byte* destination_of(const Segment& segment) const {
    return destinations[segment.block] + segment.offset;
  }
  bool discards() const { return destinations.empty(); }
  bool complete() const { return moved == plan.size(); }
  /// Nothing more will come or go.
  void give_up() { posted = moved = plan.size(); }

  /// The next segment in order has landed; `decoded`: and is what was sent, as far as one can say
  /// without checksums.
  void land(bool decoded = true) {
    const Segment& segment = plan[moved++];
    if (discards()) return;
    const bool whole = decoded && segment.count == 1 && segment.bytes == sizes[segment.block];
    if (!whole) {
      check(segment, decoded);
    } else if (!checksums.empty()) {
      check_block(segment.block);
    }
  }

 private:
  /// One block in one segment, the commonest stream among short ones: five lists took longer to
  /// fill than its message takes to send.
  struct One {
    std::uint64_t size = 0;
    std::span<const std::byte> source;
    std::byte* destination = nullptr;
    std::uint64_t checksum = 0;
    Segment segment;
  };
  struct Many {
    std::vector<std::uint64_t> sizes;
    std::vector<std::span<const std::byte>> sources;
    std::vector<std::byte*> destinations;
    std::vector<std::uint64_t> checksums;
    std::vector<Segment> plan;
  };

  void plan_one(std::uint64_t size) {
    one_.size = size;
    sizes = {&one_.size, 1};
    one_.segment = {0, 1, 0, size};
    plan = {&one_.segment, 1};
    nothing_moved();
  }
  void nothing_moved() {
    posted = moved = 0;
    arrival.wire_bytes = 0;
    arrival.damaged.clear();
  }
  void start_one(const DataMover::Landing& landing) {
    const bool kept = !landing.destinations.empty();
    const bool checked = kept && !landing.checksums.empty();
    if (kept) one_.destination = landing.destinations[0];
    if (checked) one_.checksum = landing.checksums[0];
    destinations = {&one_.destination, kept ? 1U : 0U};
    checksums = {&one_.checksum, checked ? 1U : 0U};
    plan_one(landing.sizes[0]);
  }
  void start_many(std::span<const std::span<const std::byte>> blocks, const MoverOptions& options);
  void start_many(const DataMover::Landing& landing, const MoverOptions& options);
  void plan_many(const MoverOptions& options);
  void check(const Segment& segment, bool decoded);
  void check_block(std::size_t block) {
    if (checksums[block] == 0 || sizes[block] == 0) return;
    compare(block, checksum_of({destinations[block], sizes[block]}));
  }
  void check_piece(const Segment& segment);
  void compare(std::size_t block, std::uint64_t found) {
    if (found != checksums[block]) add_damage(block, found);
  }
  void add_damage(std::size_t block, std::optional<std::uint64_t> found);

  One one_;    ///< either this
  Many many_;  ///< or that is what the spans show
};

}  // namespace volley::exchange

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
  std::vector<std::uint64_t> sizes;
  std::vector<std::span<const std::byte>> sources;  ///< of a sending stream
  std::vector<std::byte*> destinations;             ///< of a receiving stream, unless it discards
  std::vector<std::uint64_t> checksums;             ///< of a receiving stream, if it has any
  std::vector<Segment> plan;
  std::size_t posted = 0;
  std::size_t moved = 0;  ///< segments, in order
  DataMover::Arrival arrival;
  std::optional<RunningChecksum> running;  ///< of a block that comes in pieces

  void reset();
  void start_sending(std::span<const std::span<const std::byte>> blocks,
                     const MoverOptions& options);
  void start_receiving(const DataMover::Landing& landing, const MoverOptions& options);

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
  void land(bool decoded = true);

 private:
  void check_block(std::size_t block);
  void check_piece(const Segment& segment);
  void compare(std::size_t block, std::uint64_t found);
  void add_damage(std::size_t block, std::optional<std::uint64_t> found);
};

}  // namespace volley::exchange

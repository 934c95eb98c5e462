#include "exchange/pairwise_stream.hpp"

namespace volley::exchange {

void PairwiseStream::reset() {
  id = 0;
  sizes.clear();
  sources.clear();
  destinations.clear();
  checksums.clear();
  plan.clear();
  posted = moved = 0;
  arrival.wire_bytes = 0;
  arrival.damaged.clear();
}

void PairwiseStream::start_sending(std::span<const std::span<const std::byte>> blocks,
                                   const MoverOptions& options) {
  sources.assign(blocks.begin(), blocks.end());
  sizes.reserve(blocks.size());
  for (const auto& block : blocks) sizes.push_back(block.size());
  plan_segments(sizes, options.segment_bytes, options.eager_bytes, plan);
}

void PairwiseStream::start_receiving(const DataMover::Landing& landing,
                                     const MoverOptions& options) {
  sizes.assign(landing.sizes.begin(), landing.sizes.end());
  destinations.assign(landing.destinations.begin(), landing.destinations.end());
  if (!discards()) checksums.assign(landing.checksums.begin(), landing.checksums.end());
  plan_segments(sizes, options.segment_bytes, options.eager_bytes, plan);
}

void PairwiseStream::land(bool decoded) {
  const Segment& segment = plan[moved++];
  if (discards()) return;
  if (!decoded) {
    for (std::size_t i = 0; i < segment.count; ++i) add_damage(segment.block + i, std::nullopt);
  } else if (checksums.empty()) {
    return;
  } else if (segment.bytes < sizes[segment.block]) {
    check_piece(segment);
  } else {
    for (std::size_t i = 0; i < segment.count; ++i) check_block(segment.block + i);
  }
}

void PairwiseStream::check_block(std::size_t block) {
  if (checksums[block] == 0 || sizes[block] == 0) return;
  compare(block, checksum_of({destinations[block], sizes[block]}));
}

/// Pieces of a block come in order, and no others between them.
void PairwiseStream::check_piece(const Segment& segment) {
  if (checksums[segment.block] == 0) return;
  if (!running) running.emplace();
  if (segment.offset == 0) running->restart();
  running->add({destination_of(segment), segment.bytes});
  if (segment.offset + segment.bytes == sizes[segment.block]) {
    compare(segment.block, running->value());
  }
}

void PairwiseStream::compare(std::size_t block, std::uint64_t found) {
  if (found != checksums[block]) add_damage(block, found);
}

void PairwiseStream::add_damage(std::size_t block, std::optional<std::uint64_t> found) {
  const bool known = !arrival.damaged.empty() && arrival.damaged.back().block == block;
  if (!known) arrival.damaged.push_back({block, found});
}

}  // namespace volley::exchange

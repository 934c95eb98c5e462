#include "exchange/pairwise_stream.hpp"

namespace volley::exchange {

void PairwiseStream::start_many(std::span<const std::span<const std::byte>> blocks,
                                const MoverOptions& options) {
  many_.sources.assign(blocks.begin(), blocks.end());
  sources = many_.sources;
  destinations = {};
  many_.sizes.clear();
  for (const auto& block : blocks) many_.sizes.push_back(block.size());
  plan_many(options);
}

void PairwiseStream::start_many(const DataMover::Landing& landing, const MoverOptions& options) {
  many_.sizes.assign(landing.sizes.begin(), landing.sizes.end());
  many_.destinations.assign(landing.destinations.begin(), landing.destinations.end());
  destinations = many_.destinations;
  many_.checksums.clear();
  if (!discards()) {
    many_.checksums.assign(landing.checksums.begin(), landing.checksums.end());
  }
  checksums = many_.checksums;
  plan_many(options);
}

/// Of `many_.sizes`.
void PairwiseStream::plan_many(const MoverOptions& options) {
  sizes = many_.sizes;
  many_.plan.clear();
  plan_segments(sizes, options.segment_bytes, options.eager_bytes, many_.plan);
  plan = many_.plan;
  nothing_moved();
}

void PairwiseStream::check(const Segment& segment, bool decoded) {
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

void PairwiseStream::add_damage(std::size_t block, std::optional<std::uint64_t> found) {
  const bool known = !arrival.damaged.empty() && arrival.damaged.back().block == block;
  if (!known) arrival.damaged.push_back({block, found});
}

}  // namespace volley::exchange

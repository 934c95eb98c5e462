#include "exchange/pairwise_stream.hpp"

namespace volley::exchange {

void PairwiseStream::reset() {
  id = 0;
  sizes = {};
  sources = {};
  destinations = {};
  checksums = {};
  plan = {};
  posted = moved = 0;
  arrival.wire_bytes = 0;
  arrival.damaged.clear();
}

void PairwiseStream::start_sending(std::span<const std::span<const std::byte>> blocks,
                                   const MoverOptions& options) {
  if (blocks.size() == 1 &&
      is_one_segment(blocks[0].size(), options.segment_bytes, options.eager_bytes)) {
    one_.source = blocks[0];
    sources = {&one_.source, 1};
    start_one(blocks[0].size());
    return;
  }
  many_.sources.assign(blocks.begin(), blocks.end());
  sources = many_.sources;
  many_.sizes.clear();
  for (const auto& block : blocks) many_.sizes.push_back(block.size());
  start_many(options);
}

void PairwiseStream::start_receiving(const DataMover::Landing& landing,
                                     const MoverOptions& options) {
  if (landing.sizes.size() == 1 &&
      is_one_segment(landing.sizes[0], options.segment_bytes, options.eager_bytes)) {
    if (!landing.destinations.empty()) {
      one_.destination = landing.destinations[0];
      destinations = {&one_.destination, 1};
    }
    if (!discards() && !landing.checksums.empty()) {
      one_.checksum = landing.checksums[0];
      checksums = {&one_.checksum, 1};
    }
    start_one(landing.sizes[0]);
    return;
  }
  many_.sizes.assign(landing.sizes.begin(), landing.sizes.end());
  many_.destinations.assign(landing.destinations.begin(), landing.destinations.end());
  destinations = many_.destinations;
  if (!discards()) {
    many_.checksums.assign(landing.checksums.begin(), landing.checksums.end());
    checksums = many_.checksums;
  }
  start_many(options);
}

void PairwiseStream::start_one(std::uint64_t size) {
  one_.size = size;
  sizes = {&one_.size, 1};
  one_.segment = {0, 1, 0, size};
  plan = {&one_.segment, 1};
}

/// Of `many_.sizes`.
void PairwiseStream::start_many(const MoverOptions& options) {
  sizes = many_.sizes;
  many_.plan.clear();
  plan_segments(sizes, options.segment_bytes, options.eager_bytes, many_.plan);
  plan = many_.plan;
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

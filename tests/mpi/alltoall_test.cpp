// Every all-to-all algorithm brings every byte to its place, on nodes of all sizes, for shapes of
// all kinds, with limits small enough that blocks go in segments and rounds.

#include "exchange/alltoall/alltoall.hpp"

#include "check.hpp"

#include <cstdio>
#include <random>

namespace {

using namespace volley::exchange;
using volley::net::MpiWorld;
using volley::tests::need;
using volley::tests::pattern;
using Matrix = std::vector<std::vector<std::uint64_t>>;  ///< from, to
using Bytes = std::vector<std::byte>;

Matrix random_matrix(std::size_t ranks, std::uint64_t seed, std::uint64_t most, int empty_percent) {
  std::mt19937_64 random(seed);
  Matrix matrix(ranks, std::vector<std::uint64_t>(ranks));
  for (auto& row : matrix) {
    for (auto& each : row) {
      const auto bytes = random() % (most + 1);
      each = static_cast<int>(random() % 100) < empty_percent ? 0 : bytes;
    }
  }
  return matrix;
}

Matrix regular_matrix(std::size_t ranks, std::uint64_t bytes) {
  return Matrix(ranks, std::vector<std::uint64_t>(ranks, bytes));
}

/// With a gap in front of every block, so that places differ from sums of sizes.
ExchangeShape shape_of(const Matrix& matrix, std::size_t self, std::uint64_t gap) {
  ExchangeShape shape;
  std::uint64_t send_at = 0;
  std::uint64_t receive_at = 0;
  for (std::size_t rank = 0; rank < matrix.size(); ++rank) {
    shape.send_bytes.push_back(matrix[self][rank]);
    shape.receive_bytes.push_back(matrix[rank][self]);
    shape.send_offsets.push_back(send_at += gap);
    shape.receive_offsets.push_back(receive_at += gap);
    send_at += matrix[self][rank];
    receive_at += matrix[rank][self];
  }
  return shape;
}

std::uint64_t seed_of(std::size_t from, std::size_t to) { return from * 1000 + to; }

Bytes filled(const ExchangeShape& shape, std::size_t self) {
  Bytes bytes(shape.send_offsets.back() + shape.send_bytes.back() + 1);
  for (std::size_t to = 0; to < shape.send_bytes.size(); ++to) {
    const Bytes block = pattern(seed_of(self, to), shape.send_bytes[to]);
    std::copy(block.begin(), block.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(shape.send_offsets[to]));
  }
  return bytes;
}

/// Blocks of ranks of the own node stay where they are when `shared`.
Bytes expected(const ExchangeShape& shape, const RankGroup& group, bool shared) {
  const auto self = static_cast<std::size_t>(group.rank());
  const auto& nodes = group.node_of_rank();
  Bytes bytes(shape.receive_offsets.back() + shape.receive_bytes.back() + 1);
  for (std::size_t from = 0; from < shape.receive_bytes.size(); ++from) {
    if (shared && nodes[from] == nodes[self]) continue;
    const Bytes block = pattern(seed_of(from, self), shape.receive_bytes[from]);
    std::copy(block.begin(), block.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(shape.receive_offsets[from]));
  }
  return bytes;
}

void try_one(const RankGroup& group, const Matrix& matrix, std::uint64_t gap,
             const AllToAllOptions& options) {
  const auto self = static_cast<std::size_t>(group.rank());
  const ExchangeShape shape = shape_of(matrix, self, gap);
  const auto exchange = need(prepare_alltoall(group, shape, options));
  const Bytes send = filled(shape, self);
  const Bytes wanted = expected(shape, group, exchange->shares_within_node());
  need(exchange->written(send.data()));
  for (int turn = 0; turn < 3; ++turn) {
    Bytes received(wanted.size());
    if (turn == 1) {
      need(exchange->start(send.data(), received.data()));
      while (!need(exchange->progress())) {
      }
    } else {
      need(exchange->run(send.data(), received.data()));
    }
    VOLLEY_CHECK(received == wanted, "algorithm={} rank={} of {} on {} nodes turn={} largest={}",
                 name_of(exchange->choice().algorithm), self, group.size(), group.nodes(), turn,
                 exchange->facts().largest_block);
  }
}

int try_all(const RankGroup& group) {
  const auto ranks = static_cast<std::size_t>(group.size());
  const std::vector<Matrix> matrices = {regular_matrix(ranks, 0),
                                        regular_matrix(ranks, 1),
                                        regular_matrix(ranks, 1000),
                                        random_matrix(ranks, 1, 300, 0),
                                        random_matrix(ranks, 2, 5000, 60),
                                        random_matrix(ranks, 3, 100'000, 20),
                                        random_matrix(ranks, 4, 100'000, 95)};
  AllToAllOptions wide;
  AllToAllOptions narrow;
  narrow.window = 1;
  narrow.segment = 777;
  narrow.staging_bytes = 20'000;
  narrow.largest_count = 30'000;
  narrow.tag = 7999;
  int tried = 0;
  for (const Algorithm algorithm : all_algorithms) {
    for (const Matrix& matrix : matrices) {
      for (AllToAllOptions options : {wide, narrow}) {
        options.algorithm = algorithm;
        try_one(group, matrix, 0, options);
        try_one(group, matrix, 5, options);
        options.regular = matrix == regular_matrix(ranks, matrix[0][0]);
        if (options.regular) try_one(group, matrix, 0, options);
        ++tried;
      }
    }
  }
  return tried;
}

}  // namespace

int main() {
  MpiWorld world = need(MpiWorld::start());
  int tried = 0;
  for (const std::uint32_t node_ranks : {0U, 1U, 2U, 3U}) {
    need(world.group_nodes(node_ranks));
    RankGroup all = need(RankGroup::of(world));
    VOLLEY_CHECK(all.size() == world.size() && all.nodes() == world.nodes(), "size={}", all.size());
    tried += try_all(all);
    RankGroup part = need(all.split(world.rank() % 2));
    tried += try_all(part);
    part.close();
    all.close();
  }
  if (world.rank() == 0) std::printf("alltoall_test passed: %d exchanges\n", tried);
  VOLLEY_CHECK(world.finalize(), "rank={}", world.rank());
  return 0;
}

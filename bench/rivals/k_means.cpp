// rival_k_means POINTS DIMENSIONS CLUSTERS ITERATIONS: Lloyd's iterations from the first CLUSTERS
// points. POINTS is a file of doubles, DIMENSIONS to a point, or how many points to make in memory
// (coordinate j of point i is mix(i * DIMENSIONS + j + 1) / 2^64). One allreduce an iteration.

#include "common.hpp"

#include <cstdio>
#include <limits>

namespace {

double coordinate(std::size_t index) {
  return static_cast<double>(rival::mix(index + 1) >> 11U) * 0x1p-53;
}

struct Points {
  std::size_t count = 0;  ///< of all ranks
  std::size_t dimensions = 0;
  std::vector<double> own;
  std::vector<double> first;  ///< the initial centres
};

Points load(const char* source, std::size_t dimensions, std::size_t clusters,
            const rival::World& world) {
  Points points;
  points.dimensions = dimensions;
  const bool made = std::strspn(source, "0123456789") == std::strlen(source);
  const auto file = made ? std::span<const double>() : rival::map_records<double>(source);
  points.count = made ? rival::number(source) : file.size() / dimensions;
  const auto values = [&](std::size_t from, std::size_t to, std::vector<double>& out) {
    out.resize((to - from) * dimensions);
    if (made) {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = coordinate(from * dimensions + i);
    } else {
      std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(from * dimensions), out.size(),
                  out.begin());
    }
  };
  const auto [begin, end] = rival::share(points.count, world.rank, world.size);
  values(begin, end, points.own);
  values(0, clusters, points.first);
  return points;
}

/// Distances to a block of centres at a time, as one vector.
constexpr std::size_t lanes = 8;
using Lanes = double __attribute__((vector_size(lanes * sizeof(double))));
using Indices = std::int64_t __attribute__((vector_size(lanes * sizeof(std::int64_t))));

constexpr Indices lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7};

/// The centres' coordinates: block by block, dimension by dimension; what is missing in the last
/// block is infinitely far.
std::vector<Lanes> in_blocks(const std::vector<double>& centers, std::size_t dimensions) {
  const std::size_t clusters = centers.size() / dimensions;
  std::vector<Lanes> blocks;
  for (std::size_t first = 0; first < clusters; first += lanes) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      Lanes lane;
      for (std::size_t i = 0; i < lanes; ++i) {
        lane[i] = first + i < clusters ? centers[(first + i) * dimensions + d]
                                       : std::numeric_limits<double>::infinity();
      }
      blocks.push_back(lane);
    }
  }
  return blocks;
}

/// The nearest centre, the first one among equals, and the square of its distance.
std::pair<std::size_t, double> nearest(const double* point, const std::vector<Lanes>& blocks,
                                       std::size_t dimensions) {
  Lanes least = Lanes{} + std::numeric_limits<double>::infinity();
  Indices index{};
  const auto count = static_cast<std::int64_t>(blocks.size() / dimensions);
  const Lanes* block = blocks.data();
  for (std::int64_t b = 0; b < count; ++b, block += dimensions) {
    Lanes sum{};
    for (std::size_t d = 0; d < dimensions; ++d)
      sum += (point[d] - block[d]) * (point[d] - block[d]);
    const Indices less = sum < least;
    least = less ? sum : least;
    index = less ? Indices{} + b : index;
  }
  // Without branches: which lane wins is as good as random.
  double shortest = least[0];
  for (std::size_t i = 1; i < lanes; ++i) shortest = least[i] < shortest ? least[i] : shortest;
  constexpr auto none = std::numeric_limits<std::int64_t>::max();
  const Indices winners =
      least == Lanes{} + shortest ? index * lanes + lane_numbers : Indices{} + none;
  std::int64_t best = winners[0];
  for (std::size_t i = 1; i < lanes; ++i) best = std::min<std::int64_t>(best, winners[i]);
  return {static_cast<std::size_t>(best), shortest};
}

/// One iteration; `centers` moves on, the result is the cost before the move.
double iterate(const Points& points, std::vector<double>& centers, std::size_t clusters) {
  const std::size_t dimensions = points.dimensions;
  const std::vector<Lanes> blocks = in_blocks(centers, dimensions);
  // Sums of coordinates, then counts, then the cost.
  std::vector<double> sums(clusters * (dimensions + 1) + 1);
  double* const counts = sums.data() + clusters * dimensions;
  double cost = 0;
  for (std::size_t at = 0; at < points.own.size(); at += dimensions) {
    const auto [best, distance] = nearest(points.own.data() + at, blocks, dimensions);
    for (std::size_t d = 0; d < dimensions; ++d) sums[best * dimensions + d] += points.own[at + d];
    counts[best] += 1;
    cost += distance;
  }
  sums.back() = cost;
  MPI_Allreduce(MPI_IN_PLACE, sums.data(), static_cast<int>(sums.size()), MPI_DOUBLE, MPI_SUM,
                MPI_COMM_WORLD);
  for (std::size_t c = 0; c < clusters; ++c) {
    if (counts[c] == 0) continue;
    for (std::size_t d = 0; d < dimensions; ++d) {
      centers[c * dimensions + d] = sums[c * dimensions + d] / counts[c];
    }
  }
  return sums.back();
}

}  // namespace

int main(int argc, char** argv) {
  const rival::World world(&argc, &argv);
  rival::expect_arguments(argc, 4, "rival_k_means POINTS DIMENSIONS CLUSTERS ITERATIONS", world);
  const double start = MPI_Wtime();
  const std::size_t clusters = rival::number(argv[3]);
  const Points points = load(argv[1], rival::number(argv[2]), clusters, world);
  std::vector<double> centers = points.first;
  double cost = 0;
  for (std::size_t left = rival::number(argv[4]); left != 0; --left) {
    cost = iterate(points, centers, clusters);
  }
  if (world.rank == 0) {
    std::printf("points=%zu cost=%.12g centers=%.12g total_s=%.3f\n", points.count, cost,
                std::accumulate(centers.begin(), centers.end(), 0.0), MPI_Wtime() - start);
  }
  return 0;
}

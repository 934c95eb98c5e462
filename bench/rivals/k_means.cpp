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
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t index = from * dimensions + i;
      out[i] = made ? coordinate(index) : file[index];
    }
  };
  const auto [begin, end] = rival::share(points.count, world.rank, world.size);
  values(begin, end, points.own);
  values(0, clusters, points.first);
  return points;
}

/// The nearest centre and the square of its distance. `columns` holds the centres' coordinates by
/// dimension, so that the inner loop runs over centres as a vector.
std::pair<std::size_t, double> nearest(const double* point, const std::vector<double>& columns,
                                       std::vector<double>& distances) {
  const std::size_t clusters = distances.size();
  double* const sums = distances.data();
  std::fill_n(sums, clusters, 0.0);
  const double* column = columns.data();
  for (std::size_t d = 0; d < columns.size() / clusters; ++d, column += clusters) {
    const double x = point[d];
    for (std::size_t c = 0; c < clusters; ++c) sums[c] += (x - column[c]) * (x - column[c]);
  }
  std::size_t best = 0;
  for (std::size_t c = 1; c < clusters; ++c) {
    if (sums[c] < sums[best]) best = c;
  }
  return {best, sums[best]};
}

/// One iteration; `centers` moves on, the result is the cost before the move.
double iterate(const Points& points, std::vector<double>& centers, std::size_t clusters) {
  const std::size_t dimensions = points.dimensions;
  std::vector<double> columns(centers.size());
  for (std::size_t c = 0; c < clusters; ++c) {
    for (std::size_t d = 0; d < dimensions; ++d)
      columns[d * clusters + c] = centers[c * dimensions + d];
  }
  // Sums of coordinates, then counts, then the cost.
  std::vector<double> sums(clusters * (dimensions + 1) + 1);
  double* const counts = sums.data() + clusters * dimensions;
  std::vector<double> distances(clusters);
  double cost = 0;
  for (std::size_t at = 0; at < points.own.size(); at += dimensions) {
    const auto [best, distance] = nearest(points.own.data() + at, columns, distances);
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

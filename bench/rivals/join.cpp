// rival_join LEFT RIGHT: joins two files of pairs of 64-bit numbers by key, and prints how many
// rows that gives and the sum of left value times right value over them (modulo 2^64). Pairs go to
// the rank that the key's hash names; there the right ones make a table and the left ones look.

#include "pairs.hpp"

#include <cstdio>

namespace {

rival::Buffer<rival::Pair> load(const char* path, const rival::World& world) {
  const auto all = rival::map_records<rival::Pair>(path);
  const auto [begin, end] = rival::share(all.size(), world.rank, world.size);
  return rival::exchange_by_key(all.subspan(begin, end - begin), world);
}

}  // namespace

int main(int argc, char** argv) {
  const rival::World world(&argc, &argv);
  rival::expect_arguments(argc, 2, "rival_join LEFT RIGHT", world);
  const double start = MPI_Wtime();
  const auto right = load(argv[2], world);
  rival::PairTable table(right.size());
  rival::in_batches(
      table, right.size(), [&](std::size_t i) { return right[i]; },
      [&](const rival::Pair& pair) { table.insert(pair); });
  const double built = MPI_Wtime();
  const auto left = load(argv[1], world);
  std::array<std::uint64_t, 2> totals{};
  rival::in_batches(
      table, left.size(), [&](std::size_t i) { return left[i]; },
      [&](const rival::Pair& pair) {
        table.find(pair.key, [&](std::uint64_t value) {
          totals[0] += 1;
          totals[1] += pair.value * value;
        });
      });
  MPI_Allreduce(MPI_IN_PLACE, totals.data(), 2, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  if (world.rank == 0) {
    std::printf("rows=%zu checksum=%zu build_s=%.3f total_s=%.3f\n", totals[0], totals[1],
                built - start, MPI_Wtime() - start);
  }
  return 0;
}

// rival_sum_by_key PAIRS KEYS: sums values by key. PAIRS is a file of pairs of 64-bit numbers, or
// how many to make: pair i has key mix(i) % KEYS and value i % 1024. Every rank sums its share,
// sends each sum to the rank that the key's hash names, and sums what comes.

#include "pairs.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  const rival::World world(&argc, &argv);
  rival::expect_arguments(argc, 2, "rival_sum_by_key PAIRS KEYS", world);
  const double start = MPI_Wtime();
  const std::uint64_t keys = rival::number(argv[2]);
  const bool made = std::strspn(argv[1], "0123456789") == std::strlen(argv[1]);
  const auto file =
      made ? std::span<const rival::Pair>() : rival::map_records<rival::Pair>(argv[1]);
  const auto [begin, end] =
      rival::share(made ? rival::number(argv[1]) : file.size(), world.rank, world.size);

  rival::PairTable local(std::min(keys, end - begin));
  const auto add = [](rival::PairTable& table) {
    return [&table](const rival::Pair& pair) { table.sum(pair); };
  };
  if (made) {
    const auto make = [&, from = begin](std::uint64_t i) {
      return rival::Pair{rival::mix(from + i) % keys, (from + i) & 1023U};
    };
    rival::in_batches(local, end - begin, make, add(local));
  } else {
    const auto own = file.subspan(begin, end - begin);
    rival::in_batches(
        local, own.size(), [&](std::size_t i) { return own[i]; }, add(local));
  }
  const double summed = MPI_Wtime();
  const auto received = rival::exchange_by_key(local.pairs(), world);
  rival::PairTable merged(received.size());
  rival::in_batches(
      merged, received.size(), [&](std::size_t i) { return received[i]; }, add(merged));

  std::array<std::uint64_t, 2> totals{};
  for (const rival::Pair& pair : merged.pairs()) {
    totals[0] += 1;
    totals[1] += pair.value;
  }
  MPI_Allreduce(MPI_IN_PLACE, totals.data(), 2, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  if (world.rank == 0) {
    std::printf("keys=%zu sum=%zu sum_s=%.3f total_s=%.3f\n", totals[0], totals[1], summed - start,
                MPI_Wtime() - start);
  }
  return 0;
}

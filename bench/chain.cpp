// bench_chain: a map, a filter and a flat_map over 10^8 integers, summed, on one thread. The loop
// below is what a programmer would write by hand; an RDD chain of the same functions may cost at
// most 1.2 times as much.

#include "api/single_stage.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

constexpr std::int64_t count = 100'000'000;

std::int64_t mapped(std::int64_t x) { return x * 3 + 1; }
bool kept(std::int64_t x) { return x % 5 != 0; }
/// Emits x and, when bit 3 is set, x / 2.
template <class Emit>
void expanded(std::int64_t x, Emit&& emit) {
  emit(x);
  if ((x & 8) != 0) emit(x >> 1);
}

void hand_written_chain(benchmark::State& state) {
  for ([[maybe_unused]] auto iteration : state) {
    std::int64_t end = count;
    benchmark::DoNotOptimize(end);
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < end; ++i) {
      const std::int64_t x = mapped(i);
      if (!kept(x)) continue;
      expanded(x, [&](std::int64_t y) { sum += y; });
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(hand_written_chain)->Unit(benchmark::kMillisecond);

/// The same as an RDD of one partition, computed by one task in this thread.
void volley_chain(benchmark::State& state) {
  volley::test::SingleStage stage;
  for ([[maybe_unused]] auto iteration : state) {
    std::int64_t sum = stage.context()
                           .range(0, count, 1, 1)
                           .map([](std::int64_t x) { return mapped(x); })
                           .filter([](std::int64_t x) { return kept(x); })
                           .flat_map([](std::int64_t x, auto&& emit) { expanded(x, emit); })
                           .reduce([](std::int64_t a, std::int64_t b) { return a + b; });
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(volley_chain)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

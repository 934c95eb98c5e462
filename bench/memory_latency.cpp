// What one dependent read of memory costs when what is read lies anywhere in so many megabytes,
// with pages of 4 KiB and with huge ones: the floor under everything that goes from object to
// object. After lmbench's lat_mem_rd (McVoy and Staelin, 1996), with a random cycle instead of a
// stride.

#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace {

struct Line {
  std::uint64_t next;
  std::uint64_t unused[7];
};
static_assert(sizeof(Line) == 64);

/// Lines that name one another in one random cycle through all of them.
class Cycle {
 public:
  Cycle(std::size_t megabytes, bool huge_pages) : bytes_(megabytes << 20U) {
    void* place =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return;
    ::madvise(place, bytes_, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    lines_ = static_cast<Line*>(place);
    std::vector<std::uint32_t> order(bytes_ / sizeof(Line));
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937_64 random(1);
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % i]);
    for (std::size_t i = 0; i < order.size(); ++i) {
      lines_[order[i]].next = order[(i + 1) % order.size()];
    }
  }
  ~Cycle() {
    if (lines_ != nullptr) ::munmap(lines_, bytes_);
  }
  Cycle(const Cycle&) = delete;
  Cycle& operator=(const Cycle&) = delete;
  const Line* lines() const { return lines_; }

 private:
  std::size_t bytes_;
  Line* lines_ = nullptr;
};

void read_anywhere(benchmark::State& state) {
  const Cycle cycle(static_cast<std::size_t>(state.range(0)), state.range(1) != 0);
  if (cycle.lines() == nullptr) {
    state.SkipWithError("not so much memory");
    return;
  }
  std::uint64_t at = 0;
  for (auto _ : state) {
    at = cycle.lines()[at].next;
    benchmark::DoNotOptimize(at);
  }
}
BENCHMARK(read_anywhere)
    ->ArgNames({"MiB", "huge"})
    ->ArgsProduct({{30, 110, 420, 1024, 2048, 4096}, {0, 1}})
    ->MinTime(1);

}  // namespace

BENCHMARK_MAIN();

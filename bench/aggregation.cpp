// Folding pairs by key in one thread: the AggregationTable as tasks use it, beside a
// boost::unordered_flat_map. Integers over few, many and very many keys; words of a text.

#include <volley/detail/aggregator.hpp>
#include <volley/detail/fold.hpp>
#include <volley/hash.hpp>

#include <benchmark/benchmark.h>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t records = 1U << 22U;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

std::vector<std::pair<std::uint32_t, double>> integers(std::int64_t keys) {
  std::vector<std::pair<std::uint32_t, double>> result;
  result.reserve(records);
  for (std::size_t i = 0; i < records; ++i) {
    result.emplace_back(static_cast<std::uint32_t>(mix(i) % static_cast<std::uint64_t>(keys)), 1.0);
  }
  return result;
}

/// Words of 3 to 14 letters, of which low numbers are frequent.
struct Words {
  std::string letters;
  std::vector<std::pair<std::string_view, std::int64_t>> words;

  explicit Words(std::int64_t keys) {
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (std::size_t i = 0; i < records; ++i) {
      const std::uint64_t bits = mix(i);
      const auto spread = static_cast<std::uint64_t>(keys);
      const std::uint64_t key =
          std::min({bits % spread, (bits >> 20U) % spread, mix(bits) % spread});
      const std::string text = std::to_string(mix(key)).substr(0, 3 + key % 12);
      places.emplace_back(letters.size(), text.size());
      letters += text;
    }
    words.reserve(records);
    for (const auto& [at, size] : places)
      words.emplace_back(std::string_view(letters).substr(at, size), 1);
  }
};

template <class C, class Records>
void volley_table(benchmark::State& state, const Records& input) {
  using R = typename Records::value_type;
  std::plus<> plus;
  using Fold = volley::detail::ReduceFold<C, std::plus<>>;
  for ([[maybe_unused]] auto iteration : state) {
    Fold fold{plus};
    auto never = [](auto&) {};
    volley::detail::Aggregator<R, C, Fold, decltype(never)> aggregator(fold, UINT64_MAX, never);
    for (const R& record : input) aggregator(record);
    aggregator.flush();
    std::size_t size = aggregator.table().size();
    benchmark::DoNotOptimize(size);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records));
}

struct Hash {
  using is_avalanching = void;
  using is_transparent = void;
  template <class K>
  std::size_t operator()(const K& key) const {
    return volley::hash_key(key);
  }
};

template <class K, class C, class Records>
void boost_map(benchmark::State& state, const Records& input) {
  for ([[maybe_unused]] auto iteration : state) {
    boost::unordered_flat_map<K, C, Hash, std::equal_to<>> map;
    for (const auto& [key, value] : input) {
      const auto found = map.find(key);
      if (found != map.end()) {
        found->second += value;
      } else {
        map.emplace(K(key), value);
      }
    }
    std::size_t size = map.size();
    benchmark::DoNotOptimize(size);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records));
}

void volley_integers(benchmark::State& state) {
  volley_table<double>(state, integers(state.range(0)));
}
void boost_integers(benchmark::State& state) {
  boost_map<std::uint32_t, double>(state, integers(state.range(0)));
}
void volley_words(benchmark::State& state) {
  volley_table<std::int64_t>(state, Words(state.range(0)).words);
}
void boost_words(benchmark::State& state) {
  boost_map<std::string, std::int64_t>(state, Words(state.range(0)).words);
}
BENCHMARK(volley_integers)->Arg(1000)->Arg(500000)->Arg(4000000)->Unit(benchmark::kMillisecond);
BENCHMARK(boost_integers)->Arg(1000)->Arg(500000)->Arg(4000000)->Unit(benchmark::kMillisecond);
BENCHMARK(volley_words)->Arg(1000)->Arg(500000)->Unit(benchmark::kMillisecond);
BENCHMARK(boost_words)->Arg(1000)->Arg(500000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

#include "bench/options.hpp"

#include <gmock/gmock.h>

namespace volley::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

Options parsed(const Words& words) {
  const auto result = parse_options(words);
  EXPECT_TRUE(result.ok()) << result.error();
  return result.value().options;
}

TEST(BenchOptions, DefaultsDependOnTheKind) {
  const Options exchange = parsed({"alltoallv"});
  EXPECT_EQ(exchange.smallest, 1U);
  EXPECT_EQ(exchange.largest, 4U << 20U);
  EXPECT_THAT(exchange.algorithms, ElementsAre(exchange::Algorithm::automatic));
  const Options pairs = parsed({"pairs"});
  EXPECT_EQ(pairs.smallest, 8U);
  EXPECT_EQ(pairs.largest, 1U << 20U);
  EXPECT_THAT(sizes_of(parsed({"stream"})), ElementsAre(64U << 20U));
  EXPECT_THAT(sizes_of(parsed({"io"})), ElementsAre(256U << 20U));
  EXPECT_EQ(iterations_of(parsed({"io"}), 1U << 20U), 5U);
  EXPECT_EQ(iterations_of(exchange, 8192), 1000U);
  EXPECT_EQ(iterations_of(exchange, 8193), 100U);
  EXPECT_EQ(warm_up_of(exchange, 8193), 10U);
}

TEST(BenchOptions, TakesValuesInBothNotationsAndTheKindAnywhere) {
  for (const Words& words : {Words{"alltoallv", "--algo", "node,auto", "--window=4", "-m", "2:1k"},
                             Words{"--algo=node,auto", "--window", "4", "-m", "2:1k", "alltoallv"},
                             Words{"-m", "2:1k", "alltoallv", "--window=4", "--algo=node,auto"}}) {
    const Options options = parsed(words);
    EXPECT_EQ(options.kind, Kind::alltoallv);
    EXPECT_THAT(options.algorithms,
                ElementsAre(exchange::Algorithm::node, exchange::Algorithm::automatic));
    EXPECT_EQ(options.window, 4U);
    EXPECT_EQ(options.smallest, 2U);
    EXPECT_EQ(options.largest, 1024U);
  }
}

TEST(BenchOptions, SizesArePowersOfTwoBetweenTheEnds) {
  EXPECT_THAT(sizes_of(parsed({"alltoall", "--max", "8"})), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(sizes_of(parsed({"alltoall", "--min", "3", "--max", "20"})),
              ElementsAre(3, 6, 12, 20));
  EXPECT_THAT(sizes_of(parsed({"alltoall", "--min", "1t", "--max", "1t"})),
              ElementsAre(1ULL << 40U));
  EXPECT_THAT(sizes_of(parsed({"alltoall", "--min", "8m"})), ElementsAre(8U << 20U));
  EXPECT_THAT(sizes_of(parsed({"stream", "--max", "1k"})), ElementsAre(1024));
}

TEST(BenchOptions, DataflowKindsTakeBytesAndConfiguration) {
  const Options options = parsed({"shuffle", "--bytes", "2m", "--conf", "volley.arena.slab=4m"});
  EXPECT_THAT(sizes_of(options), ElementsAre(2U << 20U));
  EXPECT_THAT(options.configuration, ElementsAre(testing::Pair("volley.arena.slab", "4m")));
  EXPECT_THAT(sizes_of(parsed({"sort"})), ElementsAre(1U << 30U));
  EXPECT_TRUE(is_dataflow(Kind::word_count));
  EXPECT_FALSE(is_dataflow(Kind::io));
}

TEST(BenchOptions, HelpNamesEverything) {
  EXPECT_TRUE(parse_options({"alltoallv", "--help"}).value().help);
  EXPECT_TRUE(parse_options({"-h"}).value().help);
  for (const char* word : {"alltoall ", "pairs", "congest", "--algo", "--tune", "--plot", "-x N"}) {
    EXPECT_THAT(help_text(), HasSubstr(word));
  }
}

TEST(BenchOptions, MistakesSayWhatIsRight) {
  const struct {
    Words words;
    const char* error;
  } cases[] = {
      {{}, "no kind given: one of alltoall, alltoallv, pairs"},
      {{"--ranks", "2"}, "no kind given"},
      {{"alltoal"}, "unknown kind 'alltoal'; did you mean 'alltoall'?"},
      {{"map"}, "unknown kind 'map' (one of"},
      {{"alltoallv", "pairs"}, "unexpected 'pairs'"},
      {{"alltoallv", "--windw", "3"}, "unknown option '--windw'; did you mean '--window'?"},
      {{"alltoallv", "--root", "1"}, "--root is not for alltoallv, but for incast, broadcast"},
      {{"alltoall", "--dist", "zipf"}, "--dist is not for alltoall, but for alltoallv, shuffle"},
      {{"alltoallv", "--algo"}, "--algo needs a value: --algo NAMES"},
      {{"alltoallv", "--algo", "fast"}, "--algo: algorithm 'fast' is not one of"},
      {{"alltoallv", "--algo", "node,"}, "--algo: algorithm '' is not one of"},
      {{"alltoallv", "--validate=1"}, "--validate takes no value"},
      {{"alltoallv", "--window", "0"}, "--window: '0' is not a whole number of at least 1"},
      {{"alltoallv", "--window", "3x"}, "--window: '3x'"},
      {{"alltoallv", "--ranks", "-1"}, "--ranks: '-1'"},
      {{"alltoallv", "--segment", "2g"}, "--segment: a segment has at most 1 GiB"},
      {{"alltoallv", "--min", "0"}, "--min: '0' is not at least 1 byte"},
      {{"alltoallv", "--min", "many"}, "--min: 'many' is not a size"},
      {{"alltoallv", "--min", "8", "--max", "4"}, "the smallest size, 8 B, is above the largest"},
      {{"alltoallv", "--max", "2000t"}, "sizes of alltoallv go up to"},
      {{"pairs", "--max", "2g"}, "sizes of pairs go up to"},
      {{"alltoallv", "--time-limit", "0s"}, "--time-limit: '0s' is no time at all"},
      {{"alltoallv", "--format", "xml"}, "--format: 'xml' is not one of text, osu"},
      {{"pairs", "--format", "osu"}, "pairs prints a matrix"},
      {{"alltoallv", "-f"}, "--full and --percentiles are for --format osu"},
      {{"alltoallv", "--format", "imb", "--algo", "node,auto"}, "--format imb has no column for"},
      {{"alltoallv", "--dist", "zipf:x"}, "--dist: 'zipf:x' is not one of"},
      {{"shuffle", "--dist", "matrix:f"}, "--dist matrix:FILE has sizes of its own"},
      {{"alltoallv", "--plot", "a.png"}, "--plot: 'a.png' must end in .svg or .html"},
      {{"alltoallv", "--tune", "t", "--algo", "node"}, "--tune measures all algorithms"},
      {{"congest", "--victims", "0"}, "--victims: '0'"},
      {{"io", "--bytes", "1m"}, "--bytes is not for io, but for shuffle, sort, word_count"},
      {{"sort", "--format", "osu"}, "sort is no call of MPI"},
      {{"shuffle", "--bytes", "999"}, "sizes of shuffle begin at 1000 bytes"},
      {{"shuffle", "--conf", "x"}, "--conf: 'x' is not KEY=VALUE"},
  };
  for (const auto& [words, error] : cases) {
    const auto result = parse_options(words);
    ASSERT_FALSE(result.ok()) << error;
    EXPECT_THAT(result.error(), HasSubstr(error));
  }
}

}  // namespace
}  // namespace volley::bench

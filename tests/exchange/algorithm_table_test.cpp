#include "exchange/alltoall/algorithm_table.hpp"

#include <gmock/gmock.h>

namespace volley::exchange {
namespace {

using testing::HasSubstr;

ShapeFacts dense(std::uint32_t ranks, std::uint32_t nodes, std::uint64_t block) {
  ShapeFacts facts{ranks, nodes, block, 0, 0};
  facts.pairs_with_bytes = facts.pairs();
  facts.total_bytes = block * facts.pairs();
  return facts;
}

AlgorithmTable table(const char* text) {
  auto parsed = AlgorithmTable::parse(text, "table");
  EXPECT_TRUE(parsed.ok()) << parsed.error();
  return parsed.value();
}

TEST(AlgorithmTable, ChoosesByBytes) {
  const auto small = table("4 1 64 bruck 1 1k\n4 1 1k library 2 1k\n4 1 2k pairwise 3 64k\n");
  EXPECT_EQ(small.choose(dense(4, 1, 0)).algorithm, Algorithm::bruck);
  EXPECT_EQ(small.choose(dense(4, 1, 64)).algorithm, Algorithm::bruck);
  EXPECT_EQ(small.choose(dense(4, 1, 65)).algorithm, Algorithm::library);
  EXPECT_EQ(small.choose(dense(4, 1, 1 << 20)), (Choice{Algorithm::pairwise, 3, 65536}));
}

TEST(AlgorithmTable, ChoosesTheNearestMachine) {
  const auto several =
      table("4 1 1m library 1 1k\n64 1 1m bruck 1 1k\n64 8 1m node 1 1k\n512 8 1m pairwise 1 1k\n");
  EXPECT_EQ(several.choose(dense(6, 1, 100)).algorithm, Algorithm::library);
  EXPECT_EQ(several.choose(dense(48, 1, 100)).algorithm, Algorithm::bruck);
  EXPECT_EQ(several.choose(dense(4, 2, 100)).algorithm, Algorithm::node);
  EXPECT_EQ(several.choose(dense(4096, 32, 100)).algorithm, Algorithm::pairwise);
}

TEST(AlgorithmTable, DoesNotPadOrForwardUnevenExchanges) {
  const auto bruck = table("8 1 1m bruck 4 1k\n");
  ShapeFacts skewed = dense(8, 1, 100);
  skewed.largest_block = 1000;
  EXPECT_EQ(bruck.choose(skewed), (Choice{Algorithm::pairwise, 4, 1024}));
  ShapeFacts sparse = dense(8, 1, 100);
  sparse.pairs_with_bytes = 8;
  EXPECT_EQ(bruck.choose(sparse).algorithm, Algorithm::pairwise);
  EXPECT_EQ(bruck.choose(dense(8, 1, 100)).algorithm, Algorithm::bruck);
}

TEST(AlgorithmTable, ReadsWhatItPrints) {
  const AlgorithmTable& built_in = AlgorithmTable::built_in();
  const auto again = AlgorithmTable::parse(built_in.print("measured\nhere"), "x");
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(again.value().rows(), built_in.rows());
  EXPECT_THAT(built_in.print("measured\nhere"), HasSubstr("# measured\n# here\n"));
}

TEST(AlgorithmTable, MistakesNameTheLine) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"# nothing\n", "t: the table has no rows"},
      {"\n4 1 64 bruck 1\n", "t:2: a row is: ranks nodes bytes algorithm window segment"},
      {"0 1 64 bruck 1 1k\n", "t:1: ranks '0'"},
      {"4 1 64 fast 1 1k\n", "t:1: algorithm 'fast' is not one of"},
      {"4 1 64 auto 1 1k\n", "t:1: 'auto' cannot be in a table"},
      {"4 1 64 shuffle 1 1k\n", "t:1: 'shuffle' cannot be in a table"},
      {"4 1 64 bruck -1 1k\n", "t:1: window '-1'"},
      {"4 1 64 bruck 1 2g\n", "t:1: segment '2g' is not between"},
      {"4 1 64q bruck 1 1k\n", "t:1: '64q' has the unknown unit"},
  };
  for (const auto& [text, error] : cases) {
    const auto parsed = AlgorithmTable::parse(text, "t");
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error(), HasSubstr(error));
  }
}

}  // namespace
}  // namespace volley::exchange

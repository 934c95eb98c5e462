// Stratified samples of exact size.

#include <volley/volley.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace volley::test {
namespace {

TEST(Strata, RanksDependOnTheRecordsPlaceOnly) {
  detail::RankedStrata<std::string> some;
  some.strata["a"] = {1, 0, detail::highest_rank};
  detail::RankedStrata<std::string> more = some;
  more.strata["b"] = {1, 0, detail::highest_rank};
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> second;
  some.begin_partition(3, 0);
  more.begin_partition(3, 0);
  for (const std::string key : {"a", "b", "c", "a", "b", "a"}) {
    some.visit_ranks(key, [&](const auto&, std::uint64_t rank) { first.push_back(rank); });
    more.visit_ranks(key, [&](const auto& stratum, std::uint64_t rank) {
      if (stratum.first == "a") second.push_back(rank);
    });
  }
  EXPECT_EQ(first.size(), 3U);
  EXPECT_EQ(first, second) << "what is asked of other keys changes nothing";
  EXPECT_EQ((std::set<std::uint64_t>(first.begin(), first.end()).size()), 3U);
}

TEST(Strata, TheRankIsLookedForWhereItIsLikely) {
  const auto narrow = detail::likely_ranks(1, 50000, 100000);
  EXPECT_GT(narrow.low, detail::highest_rank / 100 * 48);
  EXPECT_LT(narrow.high, detail::highest_rank / 100 * 52);
  const auto all = detail::likely_ranks(1, 10, 10);
  EXPECT_EQ(all.high, detail::highest_rank);
}

}  // namespace
}  // namespace volley::test

#include "program/partition_groups.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

namespace volley::program {
namespace {

using Preferred = std::vector<PreferredHosts>;

std::string host(std::size_t number) { return "m" + std::to_string(number); }

/// Every partition is in one group, and none is empty.
void expect_complete(const PartitionGroups& found, std::size_t partitions) {
  std::vector<std::uint32_t> all;
  for (const auto& group : found.groups) {
    EXPECT_FALSE(group.empty());
    EXPECT_TRUE(std::is_sorted(group.begin(), group.end()));
    all.insert(all.end(), group.begin(), group.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> expected(partitions);
  std::iota(expected.begin(), expected.end(), 0U);
  EXPECT_EQ(all, expected);
  EXPECT_EQ(found.hosts.size(), found.groups.size());
}

/// `replicas` hosts of `hosts` for each partition, drawn at random.
Preferred random_hosts(std::size_t partitions, std::size_t replicas, std::size_t hosts,
                       std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Preferred preferred(partitions);
  for (PreferredHosts& mine : preferred) {
    std::set<std::string> drawn;
    while (drawn.size() < replicas) drawn.insert(host(random() % hosts));
    mine.assign(drawn.begin(), drawn.end());
    std::shuffle(mine.begin(), mine.end(), random);
  }
  return preferred;
}

void expect_even(const PartitionGroups& found, std::size_t least, std::size_t most) {
  for (const auto& group : found.groups) {
    EXPECT_GE(group.size(), least);
    EXPECT_LE(group.size(), most);
  }
}

TEST(PartitionGroups, WithoutPreferencesNeighboursComeTogether) {
  const auto found = group_partitions(Preferred(10), 3);
  EXPECT_EQ(found.groups,
            (std::vector<std::vector<std::uint32_t>>{{0, 1, 2}, {3, 4, 5}, {6, 7, 8, 9}}));
  EXPECT_TRUE(found.hosts.empty());
  EXPECT_EQ(group_partitions(Preferred(10), 20).groups.size(), 10U);
  EXPECT_TRUE(group_partitions({}, 5).groups.empty());
}

TEST(PartitionGroups, RDD_040_NothingIsLostAndNoGroupIsEmpty) {
  Preferred preferred;
  for (std::size_t i = 0; i < 9; ++i) {
    preferred.push_back({host(i % 6), host((i + 1) % 6), host((i + 2) % 6)});
  }
  const auto three = group_partitions(preferred, 3);
  EXPECT_EQ(three.groups.size(), 3U);
  expect_complete(three, 9);
  const auto nine = group_partitions(preferred, 20);
  EXPECT_EQ(nine.groups.size(), 9U);
  expect_complete(nine, 9);
}

TEST(PartitionGroups, RDD_042_TenThousandPartitionsStayNearTheirHosts) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Preferred preferred = random_hosts(10000, 3, 50, seed);
    const auto found = group_partitions(preferred, 100);
    ASSERT_EQ(found.groups.size(), 100U);
    expect_complete(found, 10000);
    expect_even(found, 80, 120);
    for (std::size_t i = 0; i < found.groups.size(); ++i) {
      std::size_t local = 0;
      for (const std::uint32_t partition : found.groups[i]) {
        const auto& hosts = preferred[partition];
        local += std::count(hosts.begin(), hosts.end(), found.hosts[i].front()) != 0;
      }
      EXPECT_GE(local * 10, found.groups[i].size() * 9) << "seed " << seed << ", group " << i;
    }
  }
}

TEST(PartitionGroups, RDD_043_PartitionsWithoutPreferencesFillUpTheGroups) {
  Preferred preferred = random_hosts(5000, 3, 50, 9);
  preferred.resize(10000);
  EXPECT_EQ(group_partitions(preferred, 10000).groups.size(), 10000U);
  const auto found = group_partitions(preferred, 100);
  ASSERT_EQ(found.groups.size(), 100U);
  expect_complete(found, 10000);
  expect_even(found, 80, 120);
}

TEST(PartitionGroups, RDD_044_FewHostsGiveAsManyGroupsAsAskedFor) {
  Preferred preferred(1000, {"m2"});
  std::fill_n(preferred.begin(), 492, PreferredHosts{"m1"});
  const auto found = group_partitions(preferred, 50);
  EXPECT_EQ(found.groups.size(), 50U);
  expect_complete(found, 1000);
}

TEST(PartitionGroups, RDD_090_TheOrderOfPartitionsDoesNotFavourAHost) {
  Preferred preferred(100, {"locB"});
  std::fill_n(preferred.begin(), 50, PreferredHosts{"locA"});
  const auto found = group_partitions(preferred, 50);
  ASSERT_EQ(found.groups.size(), 50U);
  const auto of_a = std::count(found.hosts.begin(), found.hosts.end(), PreferredHosts{"locA"});
  EXPECT_GT(of_a, 20);
  EXPECT_LT(of_a, 30);
}

TEST(PartitionGroups, EqualInputsGiveEqualGroups) {
  const Preferred preferred = random_hosts(1000, 2, 7, 3);
  EXPECT_EQ(group_partitions(preferred, 30).groups, group_partitions(preferred, 30).groups);
}

}  // namespace
}  // namespace volley::program

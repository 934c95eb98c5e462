#include "driver/lineage.hpp"

#include "driver/narrow_plan.hpp"
#include "driver/stage_binary.hpp"
#include "lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver {
namespace {

using testing::LineageBuilder;

LineagePtr lineage_of(const LineageBuilder& builder) {
  return std::make_shared<const Lineage>(builder.rdds(), builder.persisted());
}

TEST(CutStages, MakesOneStagePerShuffleWithParentsFirst) {
  LineageBuilder b;
  const auto left = b.map(b.source(3));
  const auto right = b.shuffle({b.source(2)}, 5);
  const auto joined = b.map(b.shuffle({left, right}, 4));
  const auto cuts = cut_stages(*lineage_of(b), joined);
  ASSERT_EQ(cuts.size(), 4U);
  EXPECT_EQ(cuts.back().shuffle, nullptr);
  EXPECT_EQ(cuts.back().parents, (std::vector<base::ShuffleNumber>{1, 2}));
  std::set<base::ShuffleNumber> seen;
  for (const auto& cut : cuts) {
    for (const auto parent : cut.parents) EXPECT_TRUE(seen.contains(parent));
    if (cut.shuffle != nullptr) seen.insert(cut.shuffle->shuffle);
  }
}

TEST(CutStages, DoesNotRecurseOnDeepLineages) {
  LineageBuilder b;
  auto rdd = b.source(1);
  for (int i = 0; i < 10000; ++i) rdd = b.map(rdd);
  for (int i = 0; i < 10000; ++i) rdd = b.shuffle({rdd}, 1);
  EXPECT_EQ(cut_stages(*lineage_of(b), rdd).size(), 10001U);
}

TEST(NarrowPlan, SkipsLongChains) {
  LineageBuilder b;
  auto rdd = b.source(100);
  for (int i = 0; i < 10000; ++i) rdd = b.map(rdd);
  const NarrowPlan plan(lineage_of(b), rdd);
  for (std::uint32_t p = 0; p < 100; ++p) {
    const auto inputs = plan.inputs(p);
    ASSERT_EQ(inputs.sources.size(), 1U);
    EXPECT_EQ(inputs.sources[0].partition, p);
    EXPECT_EQ(inputs.sources[0].payload->front(), static_cast<std::byte>(p));
  }
}

TEST(NarrowPlan, MapsUnionsAndGroups) {
  LineageBuilder b;
  const auto first = b.source(3);
  const auto second = b.shuffle({b.source(2)}, 4);
  const auto both = b.unite({b.map(first), second});
  const auto grouped = b.coalesce(both, {{0, 6}, {1, 2, 3}, {4, 5}});
  const NarrowPlan plan(lineage_of(b), grouped);
  const auto mixed = plan.inputs(0);
  ASSERT_EQ(mixed.sources.size(), 1U);
  EXPECT_EQ(mixed.sources[0].partition, 0U);
  EXPECT_EQ(mixed.shuffles, (std::vector<ShuffleRead>{{0, 3}}));
  EXPECT_EQ(plan.inputs(1).sources.size(), 2U);
  EXPECT_EQ(plan.inputs(1).shuffles, (std::vector<ShuffleRead>{{0, 0}}));
  EXPECT_EQ(plan.inputs(2).shuffles, (std::vector<ShuffleRead>{{0, 1}, {0, 2}}));
}

TEST(NarrowPlan, NamesAnInputOnceThatIsReachedTwice) {
  LineageBuilder b;
  const auto shuffled = b.shuffle({b.source(2)}, 2);
  const NarrowPlan plan(lineage_of(b), b.join({b.map(shuffled), shuffled}));
  EXPECT_EQ(plan.inputs(1).shuffles, (std::vector<ShuffleRead>{{0, 1}}));
}

TEST(NarrowPlan, ListsCacheablePartitionsNearestFirstAndCutsThere) {
  LineageBuilder b;
  const auto shuffled = b.shuffle({b.source(2)}, 2);
  const auto near = b.map(b.map(shuffled));
  b.persist(shuffled);
  b.persist(near);
  const NarrowPlan plan(lineage_of(b), b.map(near));
  const auto blocks = plan.cacheable(1);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0], (protocol::BlockId{near, 1}));
  EXPECT_EQ(blocks[1], (protocol::BlockId{shuffled, 1}));
  EXPECT_EQ(plan.inputs(1).shuffles.size(), 1U) << "inputs stay, for a recomputation elsewhere";
  EXPECT_TRUE(plan.shuffles_needed([](const auto&) { return true; }).empty());
  EXPECT_EQ(plan.shuffles_needed([](const auto&) { return false; }).size(), 1U);
}

TEST(StageBinary, HasTheNarrowPartWithoutPayloads) {
  LineageBuilder b;
  const auto shuffled = b.shuffle({b.source(2)}, 2);
  const auto last = b.join({b.map(shuffled), b.source(2)});
  b.persist(shuffled);
  const auto binary = make_stage_binary(*lineage_of(b), last, nullptr, {});
  ASSERT_EQ(binary->rdds.size(), 4U);
  EXPECT_EQ(binary->rdds.back().id, last);
  EXPECT_EQ(binary->rdds.front().dependencies.size(), 1U) << "the shuffle it reads";
  for (const auto& rdd : binary->rdds) EXPECT_TRUE(rdd.payloads.empty());
  EXPECT_EQ(binary->persisted, (std::vector<base::RddId>{shuffled}));
  EXPECT_FALSE(binary->writes_shuffle);
}

}  // namespace
}  // namespace volley::driver

// Local checkpoints, and what both kinds have in common.

#include "tests/api/single_stage.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

#include <string>

namespace volley::test {
namespace {

using Numbers = std::vector<std::int64_t>;
std::int64_t add_one(std::int64_t x) { return x + 1; }

std::size_t described_bytes(const program::LineagePtr& lineage) {
  std::size_t bytes = 0;
  for (const auto& spec : lineage->reachable()) bytes += protocol::encode(*spec).size();
  return bytes;
}

TEST(LocalCheckpoint, LCKPT_002_TheFirstActionCutsTheLineage) {
  SingleStage stage;
  const auto numbers = stage.context().range(0, 1000, 1, 4).map(&add_one).map(&add_one);
  const auto before = numbers.collect();
  numbers.local_checkpoint();
  EXPECT_EQ(numbers.storage_level(), StorageLevel::memory_and_disk);
  EXPECT_FALSE(numbers.is_checkpointed());
  EXPECT_EQ(numbers.lineage()->reachable().size(), 3U);
  EXPECT_EQ(numbers.collect(), before);
  EXPECT_TRUE(numbers.is_checkpointed());
  EXPECT_FALSE(numbers.checkpoint_file()) << "there is no directory";
  EXPECT_EQ(numbers.lineage()->reachable().size(), 1U);
  EXPECT_TRUE(numbers.dependencies().empty());
  EXPECT_EQ(numbers.num_partitions(), 4U);
  EXPECT_EQ(numbers.collect(), before);
  EXPECT_EQ(stage.blocks().size(), 4U) << "LCKPT_005";
}

TEST(LocalCheckpoint, LCKPT_002_ACachedRddGetsALevelWithDisk) {
  SingleStage stage;
  const auto numbers = stage.context().range(0, 10, 1, 2).map(&add_one);
  numbers.cache();
  numbers.local_checkpoint();
  EXPECT_EQ(numbers.storage_level(), StorageLevel::memory_and_disk);
  EXPECT_EQ(numbers.count(), 10);
  EXPECT_TRUE(numbers.is_checkpointed());
}

TEST(LocalCheckpoint, LCKPT_003_DescendantsSeeTheCut) {
  SingleStage stage;
  const auto numbers = stage.context().range(0, 10, 1, 2).map(&add_one);
  const auto more = numbers.map(&add_one).filter([](std::int64_t x) { return x > 5; });
  numbers.local_checkpoint();
  EXPECT_EQ(more.lineage()->reachable().size(), 4U);
  const auto before = more.collect();
  EXPECT_TRUE(numbers.is_checkpointed());
  EXPECT_EQ(more.lineage()->reachable().size(), 3U);
  EXPECT_EQ(more.collect(), before);
}

TEST(LocalCheckpoint, LCKPT_004_ReadingOneRecordMakesAllBlocks) {
  SingleStage stage;
  const auto numbers = stage.context().range(0, 50, 1, 5).map(&add_one);
  numbers.local_checkpoint();
  EXPECT_EQ(numbers.first(), 1);
  EXPECT_EQ(stage.blocks().size(), 5U);
  EXPECT_EQ(numbers.count(), 50);
  EXPECT_EQ(numbers.count(), 50);
  EXPECT_EQ(numbers.first(), 1);
}

TEST(LocalCheckpoint, LCKPT_006_ALostBlockSaysWhatToDo) {
  SingleStage stage;
  const auto numbers = stage.context().range(0, 10, 1, 2).map(&add_one);
  numbers.local_checkpoint();
  EXPECT_EQ(numbers.count(), 10);
  stage.blocks().remove(protocol::BlockId{numbers.id(), 1});
  try {
    numbers.count();
    FAIL() << "a block is lost";
  } catch (const std::exception& error) {
    const std::string text = error.what();
    const std::string block = "Checkpoint block rdd_" + std::to_string(numbers.id()) + "_1";
    EXPECT_NE(text.find(block), std::string::npos) << text;
    EXPECT_NE(text.find("consider using rdd.checkpoint()"), std::string::npos) << text;
  }
}

TEST(LocalCheckpoint, WithoutRoomForItsBlocksTheLineageStays) {
  SingleStage stage(5000);  // and no disk
  const auto numbers = stage.context().range(0, 10000, 1, 1).map(&add_one);
  numbers.local_checkpoint();
  EXPECT_EQ(numbers.count(), 10000);
  EXPECT_FALSE(numbers.is_checkpointed());
  EXPECT_EQ(numbers.count(), 10000);
}

TEST(Checkpoints, CKPT_003_DescribingTheRddTakesLessAfterwards) {
  for (const bool local : {false, true}) {
    const io::test::Scratch scratch;
    SingleStage stage;
    stage.context().set_checkpoint_dir(scratch.path("checkpoints"));
    const auto source = stage.context().parallelize(Numbers(5000, 7), 2);
    const auto mapped = source.map(&add_one);
    if (local) {
      mapped.local_checkpoint();
    } else {
      mapped.checkpoint();
    }
    const std::size_t before = described_bytes(mapped.lineage());
    EXPECT_EQ(mapped.count(), 5000);
    EXPECT_LT(described_bytes(mapped.lineage()) * 10, before);
    EXPECT_EQ(mapped.collect(), Numbers(5000, 8));
  }
}

TEST(Checkpoints, CKPT_007_MarkedAncestorsAreWrittenToo) {
  const io::test::Scratch scratch;
  SingleStage stage;
  stage.context().set_checkpoint_dir(scratch.path("checkpoints"));
  const auto parent = stage.context().range(0, 10, 1, 2).map(&add_one);
  const auto child = parent.map(&add_one);
  parent.checkpoint();
  child.checkpoint();
  EXPECT_EQ(child.count(), 10);
  EXPECT_TRUE(parent.is_checkpointed());
  EXPECT_TRUE(child.is_checkpointed());
  const auto again = stage.context().checkpoint_file<std::int64_t>(*child.checkpoint_file());
  EXPECT_EQ(again.collect(), child.collect());
  EXPECT_THROW(stage.context().checkpoint_file<int>(scratch.path("nothing")), IoError);
}

TEST(Take, RDD_053_HowManyPartitionsItLooksAtFirstIsAnOption) {
  const auto jobs_of = [](const std::string& first) {
    SingleStage stage(storage::MemoryManager::unlimited, 0,
                      {{"volley.rdd.limit.initialNumPartitions", first}});
    const auto records = stage.context().range(0, 101, 1, 100);
    EXPECT_EQ(records.take(50).size(), 50U);
    const std::size_t jobs = stage.jobs();
    EXPECT_EQ(records.take_async(50).get().size(), 50U);
    EXPECT_EQ(stage.jobs(), 2 * jobs);
    return jobs;
  };
  EXPECT_GT(jobs_of("1"), 1U);
  EXPECT_EQ(jobs_of("1000"), 1U);
}

TEST(Take, LooksAtAsManyPartitionsAsShouldDo) {
  EXPECT_EQ(detail::next_width(1, 0, 100, 4), 4U) << "nothing was found";
  EXPECT_EQ(detail::next_width(10, 10, 20, 4), 15U) << "ten more, and half of that";
  EXPECT_EQ(detail::next_width(10, 1, 1000, 4), 40U) << "but no more than four times";
  EXPECT_EQ(detail::next_width(10, 99, 100, 4), 1U) << "at least one";
}

}  // namespace
}  // namespace volley::test

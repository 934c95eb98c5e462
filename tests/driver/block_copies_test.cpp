// Cached partitions on more than one executor: copies as the level says, readers elsewhere.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

using protocol::BlockCopyRequested;
using protocol::BlockHolderLost;
using protocol::ExecutorMessage;
using protocol::StorageLevel;

class BlockCopiesTest : public ::testing::Test {
 protected:
  /// A job that caches two partitions at the level.
  void cache(StorageLevel level) {
    rdd_ = builder_.source(2);
    builder_.persist(rdd_);
    protocol::JobSubmitted job = builder_.job(0, rdd_);
    job.stored.push_back({rdd_, level, {1, 2}});
    cluster_.submit(job);
    cluster_.finish_all();
    cluster_.expect_job_succeeded(0, 2);
  }
  /// Copies that an executor was asked for, since the last call for it.
  std::vector<BlockCopyRequested> asked(base::ExecutorId id) {
    auto all = cluster_.received<BlockCopyRequested, ExecutorMessage>(address(id));
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(seen_[id]));
    seen_[id] += all.size();
    return all;
  }
  Address address(base::ExecutorId id) const { return addresses_.at(id); }
  void add_executor(base::ExecutorId id, base::Rank rank) {
    cluster_.add_executor(id, rank, 2);
    addresses_[id] = cluster_.executors.at(id).address;
  }
  /// Executor 2 was told of one holder that is gone.
  void expect_told_of(const Address& gone) {
    const auto told = cluster_.received<BlockHolderLost, ExecutorMessage>(address(2));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].holder, gone);
  }
  void answer(base::ExecutorId id, const BlockCopyRequested& copy, bool held) {
    cluster_.send(address(id), protocol::BlockCopied{id, 0, copy.from.block, held});
  }
  /// All executors make the copies they are asked for. Returns how many that were.
  std::size_t make_copies() {
    std::size_t made = 0;
    for (const auto& [id, executor] : addresses_) {
      if (!cluster_.executors.contains(id)) continue;
      for (const auto& copy : asked(id)) {
        answer(id, copy, true);
        ++made;
      }
    }
    return made;
  }
  /// The holders of the blocks, as a task of a new job is told: none beside the block itself.
  std::size_t holders_of(std::uint32_t partition, base::JobId job) {
    cluster_.submit(builder_.job(job, rdd_));
    std::size_t count = 0;
    for (const auto& [id, task] : cluster_.tasks) {
      if (task.launched.attempt.partition == partition) count = task.launched.blocks.size();
    }
    cluster_.finish_all();
    return count;
  }

  FakeCluster cluster_;
  LineageBuilder builder_;
  base::RddId rdd_ = 0;
  std::map<base::ExecutorId, Address> addresses_;
  std::map<base::ExecutorId, std::size_t> seen_;
};

TEST_F(BlockCopiesTest, LRU_010_EveryBlockGetsASecondHolderOnAnotherNode) {
  add_executor(1, 1);
  add_executor(2, 2);   // the same node
  add_executor(3, 11);  // another
  cache(StorageLevel::memory_only_2);
  EXPECT_EQ(cluster_.driver.pending_copies(), 2U);
  std::size_t copies = 0;
  for (const base::ExecutorId id : {1U, 2U, 3U}) {
    for (const auto& copy : asked(id)) {
      ++copies;
      EXPECT_EQ(copy.stored.level, StorageLevel::memory_only_2);
      EXPECT_EQ(copy.stored.codec.offset, 2U);
      EXPECT_NE(copy.from.holder, address(id));
      const bool beside = (copy.from.holder.rank < 10) == (address(id).rank < 10);
      EXPECT_FALSE(beside) << "the copy would be lost with the node";
      answer(id, copy, true);
    }
  }
  EXPECT_EQ(copies, 2U);
  EXPECT_EQ(cluster_.driver.pending_copies(), 0U);
  EXPECT_EQ(make_copies(), 0U) << "two are enough";
}

TEST_F(BlockCopiesTest, LRU_010_WithoutOthersABlockIsKeptOnce) {
  add_executor(1, 1);
  cache(StorageLevel::memory_only_2);
  EXPECT_EQ(make_copies(), 0U);
  EXPECT_EQ(cluster_.driver.pending_copies(), 0U);
  add_executor(2, 11);
  EXPECT_EQ(make_copies(), 2U) << "one that comes later takes them";
}

TEST_F(BlockCopiesTest, LRU_010_AfterALossTheNumberOfHoldersIsRestored) {
  for (base::ExecutorId id = 1; id <= 4; ++id) add_executor(id, static_cast<base::Rank>(10 * id));
  cache(StorageLevel::disk_only_3);
  EXPECT_EQ(make_copies(), 4U);
  for (const base::ExecutorId lost : {2U, 1U}) {
    const std::size_t blocks = cluster_.driver.cached_blocks();
    EXPECT_EQ(blocks, 2U);
    cluster_.lose_executor(lost);
    EXPECT_EQ(cluster_.driver.cached_blocks(), 2U) << "every block is held by somebody";
    make_copies();
    EXPECT_EQ(cluster_.driver.pending_copies(), 0U);
  }
  EXPECT_EQ(make_copies(), 0U) << "two executors, two holders";
  // One of the two is the reader, the other one is named to it or not.
  EXPECT_LE(holders_of(0, 1), 1U);
}

TEST_F(BlockCopiesTest, AWorkerWithoutRoomIsNotAskedAgain) {
  for (base::ExecutorId id = 1; id <= 3; ++id) add_executor(id, static_cast<base::Rank>(10 * id));
  cache(StorageLevel::memory_only_2);
  std::size_t rounds = 0;
  while (cluster_.driver.pending_copies() != 0 && ++rounds < 10) {
    for (const auto& [id, at] : addresses_) {
      for (const auto& copy : asked(id)) answer(id, copy, false);
    }
  }
  EXPECT_LE(rounds, 2U);
  EXPECT_EQ(cluster_.driver.pending_copies(), 0U);
}

TEST_F(BlockCopiesTest, AnUnpersistedRddIsNotCopied) {
  add_executor(1, 1);
  add_executor(2, 11);
  cache(StorageLevel::memory_only_2);
  cluster_.send(program_address, protocol::RddUnpersisted{rdd_});
  EXPECT_EQ(cluster_.driver.pending_copies(), 0U);
  for (const base::ExecutorId id : {1U, 2U}) {
    for (const auto& copy : asked(id)) answer(id, copy, true);
  }
  EXPECT_EQ(cluster_.driver.cached_blocks(), 0U);
}

TEST_F(BlockCopiesTest, LRU_007_ATaskIsToldWhoHoldsItsCachedPartition) {
  add_executor(1, 1);
  cache(StorageLevel::memory_only);
  cluster_.executors.at(1).slots = 2;
  add_executor(2, 11);
  const auto merged = builder_.coalesce(rdd_, {{0, 1}});
  auto job = builder_.job(1, merged);
  // The one that holds both partitions is busy with tasks that are at home anywhere.
  const auto other = builder_.source(4);
  auto blocker = builder_.job(2, other);
  cluster_.submit(blocker);
  cluster_.submit(job);
  cluster_.tick(std::chrono::seconds{10});
  for (const auto& [id, task] : std::map(cluster_.tasks)) {
    if (task.executor == 2 && task.launched.blocks.empty()) cluster_.finish(id);
  }
  bool seen = false;
  for (const auto& [id, task] : cluster_.tasks) {
    if (task.executor != 2 || task.launched.blocks.empty()) continue;
    seen = true;
    ASSERT_EQ(task.launched.blocks.size(), 2U);
    EXPECT_EQ(task.launched.blocks[0].holder, address(1));
    EXPECT_EQ(task.launched.blocks[1].block, (protocol::BlockId{rdd_, 1}));
  }
  EXPECT_TRUE(seen);
  cluster_.finish_all();
}

TEST_F(BlockCopiesTest, LRU_007_ReadersAreToldThatAHolderIsGone) {
  add_executor(1, 1);
  cache(StorageLevel::memory_only);
  add_executor(2, 11);
  const Address gone = address(1);
  cluster_.lose_executor(1);
  expect_told_of(gone);
}

TEST_F(BlockCopiesTest, LRU_007_ReadersAreToldOfAHolderWhoseBlocksAreForgottenAlready) {
  add_executor(1, 1);
  cache(StorageLevel::memory_only);
  add_executor(2, 11);
  const Address gone = address(1);
  // A task may have been pointed at the holder before, and still wait for its answer.
  cluster_.send(program_address, protocol::RddUnpersisted{rdd_});
  cluster_.lose_executor(1);
  expect_told_of(gone);
}

TEST_F(BlockCopiesTest, NobodyIsToldOfAnExecutorThatNeverHeldABlock) {
  add_executor(1, 1);
  add_executor(2, 11);
  cluster_.lose_executor(1);
  EXPECT_TRUE((cluster_.received<BlockHolderLost, ExecutorMessage>(address(2)).empty()));
}

TEST(BlockCopiesOfReleasedExecutors, ACopyThatWasBeingMadeThereIsMadeElsewhere) {
  Options options;
  options.allocation.enabled = true;
  options.allocation.minimum = 2;
  options.allocation.idle = seconds{1};
  FakeCluster cluster(options);
  LineageBuilder builder;
  const base::RddId rdd = builder.source(1);
  builder.persist(rdd);
  for (base::ExecutorId id = 1; id <= 4; ++id) {
    cluster.add_executor(id, static_cast<base::Rank>(10 * id), 1);
  }
  protocol::JobSubmitted job = builder.job(0, rdd);
  job.stored.push_back({rdd, StorageLevel::memory_only_2, {1, 2}});
  cluster.submit(job);
  cluster.finish_all();
  EXPECT_EQ(cluster.driver.pending_copies(), 1U);
  for (int i = 0; i < 4; ++i) cluster.tick(seconds{1});
  std::set<base::ExecutorId> released;
  for (const auto& envelope : cluster.envelopes) {
    const auto* group = std::get_if<protocol::ApplicationMasterMessage>(&envelope.message);
    const auto* message =
        group == nullptr ? nullptr : std::get_if<protocol::ExecutorsReleased>(group);
    if (message != nullptr) {
      released.insert(message->executors.begin(), message->executors.end());
    }
  }
  EXPECT_EQ(released.size(), 2U);
  EXPECT_EQ(cluster.driver.pending_copies(), 1U);
  for (const auto& [id, executor] : cluster.executors) {
    if (released.contains(id)) continue;
    for (const auto& copy :
         cluster.received<BlockCopyRequested, ExecutorMessage>(executor.address)) {
      cluster.send(executor.address, protocol::BlockCopied{id, 0, copy.from.block, true});
    }
  }
  EXPECT_EQ(cluster.driver.pending_copies(), 0U);
}

TEST_F(BlockCopiesTest, RDD_021_WhatDescribesATaskDoesNotGrowWithCaptures) {
  add_executor(1, 1);
  const auto source = builder_.source(2);
  const auto mapped = builder_.map(source);
  const auto both = builder_.unite({mapped, source});
  protocol::JobSubmitted job = builder_.job(0, both);
  for (auto& spec : job.rdds) {
    auto large = std::make_shared<protocol::RddSpec>(*spec);
    if (spec->id == mapped) large->compute.captures.resize(1000000);
    spec = std::move(large);
  }
  job.action.captures.resize(1000000);
  cluster_.submit(job);
  const auto tasks = cluster_.received<protocol::TaskLaunched, ExecutorMessage>(address(1));
  ASSERT_FALSE(tasks.empty());
  for (const auto& task : tasks) EXPECT_LT(protocol::encode(task).size(), 2000U);
  const auto stages = cluster_.received<protocol::StageDefined, ExecutorMessage>(address(1));
  ASSERT_EQ(stages.size(), 1U) << "once for each executor";
  EXPECT_GT(protocol::encode(*stages[0].binary).size(), 2000000U);
  cluster_.finish_all();
}

TEST_F(BlockCopiesTest, RDD_040_TasksOfPartitionsThatPreferHostsRunThere) {
  add_executor(1, 1);
  add_executor(2, 11);
  const auto source = builder_.source(4);
  protocol::JobSubmitted job = builder_.job(0, source);
  auto spec = std::make_shared<protocol::RddSpec>(*job.rdds.at(source));
  spec->hosts = {{"host1"}, {"host0"}, {"host1"}, {"host0"}};
  job.rdds.at(source) = std::move(spec);
  cluster_.submit(job);
  ASSERT_EQ(cluster_.tasks.size(), 4U);
  for (const auto& [id, task] : cluster_.tasks) {
    EXPECT_EQ(task.executor, task.launched.attempt.partition % 2 == 0 ? 2U : 1U);
  }
  cluster_.finish_all();
}

}  // namespace
}  // namespace volley::driver::testing

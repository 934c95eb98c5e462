// Oversized partitions: which are read in parts, by whom, and that nothing is lost or counted
// twice.

#include "driver/partition_parts.hpp"

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

using protocol::PartitionParts;
using protocol::TaskPart;

constexpr PartRule rule{5, base::ByteCount{1000}, base::ByteCount{400}};

TaskParts divide(const std::vector<std::uint64_t>& bytes, std::uint32_t maps,
                 std::vector<std::uint64_t> beside = {}) {
  beside.resize(bytes.size());
  return driver::divide(9, bytes, beside, maps, rule);
}

TEST(PartitionParts, OversizedIsWhatHasManyTimesTheMedianAndMoreThanTheThreshold) {
  EXPECT_TRUE(divide({100, 100, 1000}, 8).empty()) << "not above the threshold";
  EXPECT_TRUE(divide({300, 300, 1500}, 8).empty()) << "not above five times the median";
  EXPECT_EQ(divide({300, 300, 1501}, 8).size(), 4U);
  EXPECT_TRUE(driver::divide(9, {1, 1, 5000}, {0, 0, 0}, 8, {0, {}, base::ByteCount{1}}).empty());
  EXPECT_TRUE(divide({}, 8).empty());
}

TEST(PartitionParts, PartsShareTheMapOutputsWithoutGapsAndAreNumberedBehindThePartitions) {
  const auto parts = divide({1300, 10, 10, 10, 2000}, 10);
  const TaskParts expected{{0, {0, 9, 0, 2}},  {5, {0, 9, 2, 5}},  {6, {0, 9, 5, 7}},
                           {7, {0, 9, 7, 10}}, {4, {4, 9, 0, 2}},  {8, {4, 9, 2, 4}},
                           {9, {4, 9, 4, 6}},  {10, {4, 9, 6, 8}}, {11, {4, 9, 8, 10}}};
  EXPECT_EQ(parts, expected);
}

TEST(PartitionParts, ThereAreNoMorePartsThanMapOutputs) {
  EXPECT_EQ(divide({10, 10, 9000}, 3).size(), 3U);
  EXPECT_TRUE(divide({10, 10, 9000}, 1).empty());
}

TEST(PartitionParts, PartsAreNoSmallerThanWhatTheyReadBesides) {
  EXPECT_EQ(divide({10, 10, 3000}, 99).size(), 8U);
  EXPECT_EQ(divide({10, 10, 3000}, 99, {0, 0, 1500}).size(), 2U);
  EXPECT_TRUE(divide({10, 10, 3000}, 99, {0, 0, 4000}).empty());
}

/// A join of two sources, its records changed one by one, and their sums by key.
struct Program {
  LineageBuilder b;
  base::RddId left = b.source(4);
  base::RddId right = b.source(2);
  base::RddId joined = b.shuffle({left, right}, 3);
  base::RddId mapped = b.map(joined);
  base::RddId sums = b.shuffle({mapped}, 2);
  Program() {
    b.allow_parts(joined, PartitionParts::of_first_read);
    b.allow_parts(mapped, PartitionParts::by_record);
  }
  std::optional<base::ShuffleNumber> read(const std::vector<base::RddId>& persisted = {}) const {
    return divisible_read(Lineage(b.rdds(), persisted), mapped);
  }
};

TEST(PartitionParts, OnlyRecordsOneByOneAllowThem) {
  Program p;
  EXPECT_EQ(p.read(), 0U);
  EXPECT_EQ(p.read({p.joined}), std::nullopt) << "a cached partition has all of its records";
  EXPECT_EQ(p.read({p.mapped}), std::nullopt);
  p.b.allow_parts(p.mapped, PartitionParts::none);
  EXPECT_EQ(p.read(), std::nullopt);
  p.b.allow_parts(p.mapped, PartitionParts::by_record);
  p.b.allow_parts(p.joined, PartitionParts::none);
  EXPECT_EQ(p.read(), std::nullopt);
}

Options options() {
  Options options;
  options.parts = rule;
  return options;
}

/// Of the left side, 4 times these; partition 1 is read in 4 parts.
std::uint64_t skewed(std::uint32_t partition) { return partition == 1 ? 500 : 10; }

class PartsTest : public ::testing::Test {
 protected:
  PartsTest() : cluster_(options()) {
    cluster_.partition_bytes = skewed;
    cluster_.add_executor(1, 1, 4);
    cluster_.add_executor(2, 11, 4);
    cluster_.submit(program_.b.job(0, program_.sums));
    for (const base::StageId source : {0U, 1U}) finish_stage(source);
  }
  void finish_stage(base::StageId stage) {
    for (auto ids = cluster_.running_of(stage); !ids.empty(); ids = cluster_.running_of(stage)) {
      cluster_.finish(ids[0]);
    }
  }
  /// The parts that run of the joining stage, by the number of their output.
  TaskParts running() const {
    TaskParts parts;
    for (const base::TaskId id : cluster_.running_of(join_stage)) {
      const auto& launched = cluster_.tasks.at(id).launched;
      if (launched.part) parts[launched.attempt.partition] = *launched.part;
    }
    return parts;
  }

  static constexpr base::StageId join_stage = 2;
  const TaskParts expected_{{1, {1, 0, 0, 2}}, {3, {1, 0, 2, 4}}};
  Program program_;
  FakeCluster cluster_;
};

TEST_F(PartsTest, AnOversizedPartitionOfAJoinIsReadByTwoTasksOnItsNode) {
  // 2000 bytes on the left beside 1000 on the right: parts of about 1000.
  EXPECT_EQ(running(), expected_);
  EXPECT_EQ(cluster_.running_of(join_stage).size(), 4U);
  std::set<base::ExecutorId> executors;
  for (const base::TaskId id : cluster_.running_of(join_stage)) {
    const auto& task = cluster_.tasks.at(id);
    if (task.launched.part) executors.insert(task.executor);
    EXPECT_EQ(task.launched.shuffles.size(), 2U);
    EXPECT_EQ(task.launched.shuffles[0].partition, task.launched.partition());
  }
  EXPECT_EQ(executors.size(), 1U);
  cluster_.finish_all();
  cluster_.expect_job_succeeded(0, 2);
  EXPECT_EQ(cluster_.all_maps.at(2), (std::set<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_TRUE(cluster_.driver.idle());
}

TEST_F(PartsTest, PartsStayTheSameWhenAnInputIsLost) {
  cluster_.fail_fetch(cluster_.running_of(join_stage).back());
  for (int i = 0; i < 10 && running().empty(); ++i) {
    cluster_.tick(std::chrono::seconds{1});
    for (const base::StageId source : {0U, 1U}) finish_stage(source);
  }
  for (const auto& [number, part] : running()) EXPECT_EQ(part, expected_.at(number));
  cluster_.finish_all();
  cluster_.expect_job_succeeded(0, 2);
}

TEST_F(PartsTest, LostPartsAreMadeAgainByThemselves) {
  finish_stage(join_stage);
  const base::TaskId reader = cluster_.running_of(join_stage + 1).front();
  const auto lost = cluster_.outputs[cluster_.tasks.at(reader).launched.shuffles[0].holder][2];
  cluster_.fail_fetch(reader);
  while (cluster_.running_of(join_stage).empty()) cluster_.tick(std::chrono::seconds{1});
  std::set<std::uint32_t> again;
  for (const base::TaskId id : cluster_.running_of(join_stage)) {
    const auto& launched = cluster_.tasks.at(id).launched;
    again.insert(launched.attempt.partition);
    const auto part = expected_.find(launched.attempt.partition);
    EXPECT_EQ(launched.part.has_value(), part != expected_.end());
    if (launched.part) {
      EXPECT_EQ(*launched.part, part->second);
    }
  }
  EXPECT_EQ(again, lost);
  cluster_.finish_all();
  cluster_.expect_job_succeeded(0, 2);
}

TEST_F(PartsTest, AnotherJobOverTheSameShuffleFindsItsParts) {
  finish_stage(join_stage);
  cluster_.finish_all();
  const auto launched = cluster_.launched;
  cluster_.submit(program_.b.job(1, program_.b.map(program_.sums)));
  cluster_.finish_all();
  cluster_.expect_job_succeeded(1, 2);
  EXPECT_EQ(cluster_.launched, launched + 2) << "the join's outputs are all there";
}

TEST(PartitionPartsOff, NothingIsMeasuredOrDivided) {
  Options off = options();
  off.parts.factor = 0;
  FakeCluster c(off);
  c.partition_bytes = skewed;
  c.add_executor(1, 1, 8);
  Program p;
  c.submit(p.b.job(0, p.sums));
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_EQ(c.launched, 4U + 2U + 3U + 2U);
}

}  // namespace
}  // namespace volley::driver::testing

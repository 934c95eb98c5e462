// Reliable checkpoints: what is written when, and that every way of reading an RDD reads it.

#include "program/recovery.hpp"
#include "tests/api/single_stage.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace volley::test {
namespace {

namespace fs = std::filesystem;
using Numbers = std::vector<std::int64_t>;

std::int64_t add_one(std::int64_t x) { return x + 1; }
std::int64_t length(std::string_view line) { return static_cast<std::int64_t>(line.size()); }

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() { std::ofstream(input_) << "one\nthree\n\nseventeen\n"; }
  void remove_input() { fs::remove(input_); }

  io::test::Scratch scratch_;
  std::string input_ = scratch_.path("input.txt");
  std::string directory_ = scratch_.path("checkpoints");
  SingleStage stage_;
  Context& context_ = stage_.context();
};

TEST_F(CheckpointTest, CKPT_011_NeedsADirectory) {
  const auto numbers = context_.range(0, 4, 1, 2);
  try {
    numbers.checkpoint();
    FAIL() << "there is no directory";
  } catch (const IllegalState& error) {
    EXPECT_NE(std::string(error.what()).find("Checkpoint directory has not been set"),
              std::string::npos);
  }
  EXPECT_EQ(numbers.count(), 4);
}

TEST_F(CheckpointTest, IsWrittenAfterTheFirstJobAndReadByLaterOnes) {
  context_.set_checkpoint_dir(directory_);
  const auto lines = context_.text_file(input_, 2);
  const auto lengths = lines.map(&length);
  lengths.checkpoint();
  EXPECT_FALSE(lengths.is_checkpointed());
  EXPECT_FALSE(lengths.checkpoint_file());
  const auto found = lengths.collect();
  EXPECT_EQ(found, (Numbers{3, 5, 0, 9}));
  EXPECT_TRUE(lengths.is_checkpointed());
  ASSERT_TRUE(lengths.checkpoint_file());
  EXPECT_TRUE(fs::exists(*lengths.checkpoint_file() + "/_SUCCESS"));
  EXPECT_EQ(stage_.tasks(), 2 * lines.num_partitions()) << "the action, then the writing";
  remove_input();
  EXPECT_EQ(lengths.collect(), found);
  EXPECT_THROW(lines.collect(), std::exception) << "only the marked RDD was written";
}

TEST_F(CheckpointTest, ChainsThatWereMadeBeforeReadIt) {
  context_.set_checkpoint_dir(directory_);
  const auto lines = context_.text_file(input_, 2);
  const auto lengths = lines.map(&length);
  const auto more = lengths.map(&add_one).filter([](std::int64_t x) { return x > 1; });
  const auto by_partition = lengths.map_partitions([](auto& records) {
    Numbers all;
    records.for_each([&](std::int64_t x) { all.push_back(x * 10); });
    return all;
  });
  const auto both = lengths.union_with(more);
  lengths.checkpoint();
  EXPECT_EQ(more.collect(), (Numbers{4, 6, 10})) << "a job of a descendant writes it, too";
  ASSERT_TRUE(lengths.is_checkpointed());
  remove_input();
  EXPECT_EQ(more.collect(), (Numbers{4, 6, 10}));
  EXPECT_EQ(by_partition.collect(), (Numbers{30, 50, 0, 90}));
  EXPECT_EQ(both.collect(), (Numbers{3, 5, 0, 9, 4, 6, 10}));
  EXPECT_EQ(lengths.map(&add_one).collect(), (Numbers{4, 6, 1, 10}));
  EXPECT_EQ(lengths.take(2), (Numbers{3, 5}));
  Rdd<std::int64_t> erased = lengths;
  EXPECT_EQ(erased.reduce(std::plus<>{}), 17);
}

TEST_F(CheckpointTest, ASourceAndViewsOfItsLinesAreWritten) {
  context_.set_checkpoint_dir(directory_);
  const auto lines = context_.text_file(input_, 2);
  const auto pairs = lines.map([](std::string_view line) { return std::pair{line, 1}; });
  lines.checkpoint();
  pairs.checkpoint();
  const auto expected = pairs.collect();
  remove_input();
  EXPECT_EQ(lines.collect(), (std::vector<std::string>{"one", "three", "", "seventeen"}));
  EXPECT_EQ(lines.map(&length).collect(), (Numbers{3, 5, 0, 9}));
  EXPECT_EQ(pairs.collect(), expected);
  EXPECT_EQ(pairs.keys().collect(), lines.collect());
}

TEST_F(CheckpointTest, LargePartitionsAndEmptyOnes) {
  context_.set_checkpoint_dir(directory_);
  const auto many = context_.range(0, 20000, 1, 2).map(&add_one);
  const auto none = context_.range(0, 0, 1, 3).map(&add_one);
  many.checkpoint();
  none.checkpoint();
  const auto expected = many.collect();
  EXPECT_EQ(none.count(), 0);
  const auto before = stage_.tasks();
  EXPECT_EQ(many.collect(), expected);
  EXPECT_EQ(none.count(), 0);
  EXPECT_EQ(stage_.tasks(), before + 5) << "it is not written twice";
}

TEST_F(CheckpointTest, CachedAndCheckpointed) {
  context_.set_checkpoint_dir(directory_);
  const auto lengths = context_.text_file(input_, 2).map(&length).cache();
  lengths.checkpoint();
  EXPECT_EQ(lengths.count(), 4);
  remove_input();
  lengths.unpersist();
  EXPECT_EQ(lengths.collect(), (Numbers{3, 5, 0, 9}));
}

TEST_F(CheckpointTest, DamagedPartsAreNamed) {
  context_.set_checkpoint_dir(directory_);
  const auto numbers = context_.range(0, 100, 1, 1).map(&add_one);
  numbers.checkpoint();
  numbers.count();
  const std::string part = *numbers.checkpoint_file() + "/part-00000";
  const auto fails = [&](const std::string& how) {
    try {
      numbers.count();
      ADD_FAILURE() << "the part is damaged: " << how;
    } catch (const std::exception& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find(part + " is damaged: "), std::string::npos) << text;
      EXPECT_NE(text.find(how), std::string::npos) << text;
      EXPECT_NE(text.find("remove " + *numbers.checkpoint_file()), std::string::npos) << text;
    }
  };
  {
    std::fstream file(part, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file.put('\x55');
  }
  fails("a checksum differs");
  fs::resize_file(part, fs::file_size(part) - 1);
  fails("");
  fs::resize_file(part, 100);
  fails("longer than the file");
  fs::resize_file(part, 20);
  fails("it ends too early");
  fs::resize_file(part, 5);
  fails("does not begin like a checkpoint");
  fs::remove(part);
  fails("it cannot be opened");
}

TEST_F(CheckpointTest, AnotherRunFindsItInTheRecoveryDirectory) {
  const std::string kept = scratch_.path("kept");
  ASSERT_TRUE(program::create_recovery(kept).ok());
  const auto length_sum = [&](SingleStage& stage) {
    stage.core().set_recovery(kept);
    const auto lengths = stage.context().text_file(input_, 2).map(&length);
    lengths.checkpoint();
    return lengths.map(&add_one).reduce(std::plus<>{});
  };
  SingleStage first;
  EXPECT_EQ(length_sum(first), 21);
  fs::remove_all(kept + "/jobs");
  ASSERT_TRUE(program::create_recovery(kept).ok());
  SingleStage second;
  EXPECT_EQ(length_sum(second), 21);
  EXPECT_EQ(second.core().recovery()->reused().checkpoints, 1U);
  EXPECT_EQ(second.tasks(), first.tasks() / 2) << "the action alone";
  // One that was not finished is made again.
  fs::remove_all(kept + "/jobs");
  ASSERT_TRUE(program::create_recovery(kept).ok());
  for (const auto& entry : fs::directory_iterator(kept + "/checkpoints"))
    fs::remove(entry.path() / "_SUCCESS");
  SingleStage third;
  EXPECT_EQ(length_sum(third), 21);
  EXPECT_EQ(third.tasks(), first.tasks());
}

}  // namespace
}  // namespace volley::test

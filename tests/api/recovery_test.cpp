// What a second run takes from a recovery directory, and what reads a checkpoint.

#include "program/recovery.hpp"

#include "tests/api/single_stage.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace volley::test {
namespace {

namespace fs = std::filesystem;

class RecoveryTest : public ::testing::Test {
 protected:
  RecoveryTest() { EXPECT_TRUE(program::create_recovery(directory_).ok()); }

  /// A run of a program with the recovery directory.
  std::unique_ptr<SingleStage> run() {
    auto stage = std::make_unique<SingleStage>();
    stage->core().set_recovery(directory_);
    return stage;
  }
  void write_lines(const std::string& text) { std::ofstream(input_) << text; }
  /// All files of the recovery directory, or of a part of it.
  std::vector<fs::path> files(const std::string& below) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory_ + "/" + below)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  io::test::Scratch scratch_;
  std::string directory_ = scratch_.path("kept");
  std::string input_ = scratch_.path("input.txt");
};

std::int64_t twice(std::int64_t x) { return 2 * x; }

std::vector<std::int64_t> doubled(Context& context, std::int64_t end = 8) {
  return context.range(0, end, 1, 2).map(&twice).collect();
}

TEST_F(RecoveryTest, FinishedJobsAreNotRunAgain) {
  const auto first = run();
  const auto result = doubled(first->context());
  EXPECT_EQ(first->tasks(), 2U);
  const auto second = run();
  second->context().range(0, 3);  // other numbers for the RDDs make no difference
  EXPECT_EQ(doubled(second->context()), result);
  EXPECT_EQ(second->tasks(), 0U);
  EXPECT_EQ(second->core().recovery()->reused().jobs, 1U);
  doubled(second->context(), 9);
  EXPECT_EQ(second->tasks(), 2U) << "another source is another job";
}

TEST_F(RecoveryTest, EachOccurrenceOfAJobCounts) {
  doubled(run()->context());
  const auto second = run();
  doubled(second->context());
  EXPECT_EQ(second->tasks(), 0U);
  doubled(second->context());
  EXPECT_EQ(second->tasks(), 2U) << "the first run had it once";
  const auto third = run();
  doubled(third->context());
  doubled(third->context());
  EXPECT_EQ(third->tasks(), 0U);
}

TEST_F(RecoveryTest, CapturesAndPartitionsTellJobsApart) {
  const auto count_above = [](Context& context, std::int64_t limit, std::uint32_t slices) {
    return context.range(0, 10, 1, slices)
        .filter([limit](std::int64_t x) { return x > limit; })
        .count();
  };
  EXPECT_EQ(count_above(run()->context(), 3, 2), 6);
  const auto second = run();
  EXPECT_EQ(count_above(second->context(), 4, 2), 5);
  EXPECT_EQ(count_above(second->context(), 3, 5), 6);
  EXPECT_EQ(second->core().recovery()->reused().jobs, 0U);
  EXPECT_EQ(count_above(second->context(), 3, 2), 6);
  EXPECT_EQ(second->core().recovery()->reused().jobs, 1U);
}

TEST_F(RecoveryTest, AChangedFileIsAnotherSource) {
  write_lines("a\nb\n");
  EXPECT_EQ(run()->context().text_file(input_, 1).count(), 2);
  const auto before = fs::last_write_time(input_);
  write_lines("a\nb\n");
  fs::last_write_time(input_, before + std::chrono::seconds(1));
  const auto second = run();
  EXPECT_EQ(second->context().text_file(input_, 1).count(), 2);
  EXPECT_EQ(second->tasks(), 1U);
}

TEST_F(RecoveryTest, DamagedResultsAreMadeAgain) {
  const auto result = doubled(run()->context());
  const auto saved = files("jobs");
  ASSERT_EQ(saved.size(), 1U);
  for (const std::uintmax_t size :
       {fs::file_size(saved[0]) - 1, std::uintmax_t{3}, std::uintmax_t{0}}) {
    fs::resize_file(saved[0], size);
    const auto again = run();
    EXPECT_EQ(doubled(again->context()), result);
    EXPECT_EQ(again->tasks(), 2U);
  }
  const auto last = run();
  doubled(last->context());
  EXPECT_EQ(last->tasks(), 0U) << "they were replaced";
}

TEST_F(RecoveryTest, ResultsOfAnyNumberOfBytesUpToTheLimitAreKept) {
  program::Recovery recovery(directory_, {100});
  EXPECT_EQ(recovery.largest().value, 100U);
  EXPECT_TRUE(recovery.keep_results("job", {}).ok());
  EXPECT_EQ(recovery.results_of("job")->size(), 0U);
  EXPECT_TRUE(recovery.keep_results("job", {{}, {std::byte{1}}}).ok());
  EXPECT_EQ(recovery.results_of("job")->at(1), protocol::Bytes{std::byte{1}});
  EXPECT_FALSE(recovery.results_of("other"));
}

TEST_F(RecoveryTest, TheParallelismOfTheFirstRunStays) {
  program::Recovery first(directory_, {100});
  EXPECT_EQ(first.parallelism(6), 6U);
  program::Recovery second(directory_, {100});
  EXPECT_EQ(second.parallelism(3), 6U);
}

TEST_F(RecoveryTest, OutputsAreSavedOnce) {
  const std::string out = scratch_.path("out");
  const auto save = [&](SingleStage& stage, std::int64_t end) {
    stage.context().range(0, end, 1, 2).save_as_text_file(out);
  };
  save(*run(), 4);
  const auto second = run();
  save(*second, 4);
  EXPECT_EQ(second->tasks(), 0U);
  EXPECT_EQ(second->core().recovery()->reused().outputs, 1U);
  EXPECT_THROW(save(*second, 5), IoError) << "the same run has it already";
  // An output of this application that is not what the job saves gives way, once.
  const auto third = run();
  save(*third, 5);
  EXPECT_EQ(third->tasks(), 2U);
  std::ifstream in(out + "/part-00001");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "2\n3\n4\n");
  // Without its mark it is not complete.
  fs::remove(out + "/_SUCCESS");
  EXPECT_THROW(save(*run(), 5), IoError) << "it may be anybody's";
  fs::remove_all(out);
  save(*run(), 5);
  EXPECT_TRUE(fs::exists(out + "/_SUCCESS"));
}

TEST_F(RecoveryTest, OutputsOfAnotherApplicationAreLeftAlone) {
  const std::string out = scratch_.path("out");
  run()->context().range(0, 4, 1, 2).save_as_text_file(out);
  fs::remove_all(directory_);
  ASSERT_TRUE(program::create_recovery(directory_).ok());
  EXPECT_THROW(run()->context().range(0, 4, 1, 2).save_as_text_file(out), IoError);
  EXPECT_TRUE(fs::exists(out + "/_SUCCESS"));
}

TEST_F(RecoveryTest, OfAFinishedApplicationOnlyTheCodeIsKept) {
  doubled(run()->context());
  EXPECT_FALSE(program::finished_with(directory_));
  ASSERT_TRUE(program::note_finished(directory_, 0).ok());
  EXPECT_EQ(program::finished_with(directory_), 0);
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(directory_))
    left.push_back(entry.path().filename());
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{"finished", "identity"}));
}

// --- draining ------------------------------------------------------------------------------------

TEST_F(RecoveryTest, NoJobBeginsWhileDraining) {
  doubled(run()->context());
  const auto second = run();
  second->core().deliver(protocol::DrainBegun{"signal"});
  EXPECT_EQ(doubled(second->context()).size(), 8U) << "an earlier run has done it";
  EXPECT_FALSE(second->core().cut_short());
  EXPECT_THROW(doubled(second->context()), JobFailed);
  EXPECT_TRUE(second->core().cut_short());
  EXPECT_EQ(second->tasks(), 0U);
}

}  // namespace
}  // namespace volley::test

#include "io/committing_writer.hpp"

#include "io/io_error.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace volley::io {
namespace {

namespace fs = std::filesystem;
using test::read_all;
using test::Scratch;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Files below `directory`, at any depth.
std::size_t files_below(const std::string& directory) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) ++files;
  }
  return files;
}

class CommittingWriterTest : public ::testing::Test {
 protected:
  void write_part(std::uint32_t partition, std::uint64_t task, const std::string& text) {
    PartWriter writer(out_, {partition, 0, task});
    writer.write(text);
    writer.commit();
  }

  Scratch scratch_;
  std::string out_ = scratch_.path("new/parents/out");
};

TEST_F(CommittingWriterTest, WholeJob) {
  ASSERT_TRUE(prepare_output(out_).ok());
  write_part(1, 11, "one\n");
  write_part(0, 10, "");
  EXPECT_THAT(names_in(out_), ElementsAre("_temporary")) << "nothing shows before the job commits";
  ASSERT_TRUE(commit_job(out_, 2).ok());
  EXPECT_THAT(names_in(out_), ElementsAre("_SUCCESS", "part-00000", "part-00001"));
  EXPECT_EQ(read_all(out_ + "/part-00000"), "");
  EXPECT_EQ(read_all(out_ + "/part-00001"), "one\n");
}

TEST_F(CommittingWriterTest, JobWithoutPartitions) {
  ASSERT_TRUE(prepare_output(out_).ok());
  ASSERT_TRUE(commit_job(out_, 0).ok());
  EXPECT_THAT(names_in(out_), ElementsAre("_SUCCESS"));
}

TEST_F(CommittingWriterTest, ExistingOutputIsRefusedAndKept) {
  for (const char* name : {"there/part-00000", "plain"}) scratch_.file(name, "mine");
  const auto directory = prepare_output(scratch_.path("there"));
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error(), "Output directory " + scratch_.path("there") + " already exists");
  EXPECT_FALSE(prepare_output(scratch_.path("plain")).ok());
  EXPECT_EQ(read_all(scratch_.path("there/part-00000")), "mine");
}

TEST_F(CommittingWriterTest, ParentThatIsAFile) {
  const auto status = prepare_output(scratch_.file("plain", "") + "/below/out");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error(), AllOf(HasSubstr("cannot be created"), HasSubstr("Not a directory")));
}

TEST_F(CommittingWriterTest, ParentThatMayNotBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "root writes everywhere";
  ::chmod(scratch_.root().c_str(), 0500);
  const auto status = prepare_output(scratch_.path("out"));
  ::chmod(scratch_.root().c_str(), 0700);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error(), HasSubstr("cannot be created: Permission denied"));
}

TEST_F(CommittingWriterTest, MissingPartFailsTheCommitAndMovesNothing) {
  ASSERT_TRUE(prepare_output(out_).ok());
  write_part(0, 1, "x");
  const auto status = commit_job(out_, 2);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error(), HasSubstr("part-00001: No such file"));
  EXPECT_THAT(names_in(out_), ElementsAre("_temporary"));
}

TEST_F(CommittingWriterTest, SecondAttemptReplacesTheFirst) {
  ASSERT_TRUE(prepare_output(out_).ok());
  PartWriter slow(out_, {0, 0, 1});
  slow.write("same\n");
  write_part(0, 2, "same\n");
  slow.commit();
  ASSERT_TRUE(commit_job(out_, 1).ok());
  EXPECT_EQ(read_all(out_ + "/part-00000"), "same\n");
}

TEST_F(CommittingWriterTest, DroppedWriterLeavesNothing) {
  ASSERT_TRUE(prepare_output(out_).ok());
  {
    PartWriter writer(out_, {0, 3, 1});
    writer.write(std::string(3U << 20U, 'x'));
  }
  EXPECT_EQ(files_below(out_), 0U);
  EXPECT_TRUE(fs::is_empty(out_ + "/_temporary/3"));
}

TEST_F(CommittingWriterTest, WritesOfEverySize) {
  ASSERT_TRUE(prepare_output(out_).ok());
  std::string expected;
  {
    PartWriter writer(out_, {0, 0, 1});
    for (const std::size_t size : {0UL, 1UL, 1000UL, (1UL << 20U) - 1002, 2UL, 1UL << 20U, 5UL,
                                   (1UL << 20U) + 1, 3UL << 20U, 7UL}) {
      const std::string line(size, static_cast<char>('a' + size % 26));
      writer.append_line(line);
      expected += line + "\n";
      EXPECT_EQ(writer.bytes(), expected.size());
    }
    writer.commit();
  }
  ASSERT_TRUE(commit_job(out_, 1).ok());
  EXPECT_TRUE(read_all(out_ + "/part-00000") == expected);
}

TEST_F(CommittingWriterTest, AbortRemovesTheDirectory) {
  ASSERT_TRUE(prepare_output(out_).ok());
  write_part(0, 1, "x");
  const PartWriter unfinished(out_, {1, 0, 2});
  abort_job(out_);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(CommittingWriterTest, AbortInTheMiddleOfACommit) {
  ASSERT_TRUE(prepare_output(out_).ok());
  write_part(0, 1, "x");
  write_part(1, 2, "x");
  // A part's name is taken by a directory with something in it: its rename fails after part 0's.
  scratch_.file("new/parents/out/part-00001/x", "not ours");
  EXPECT_FALSE(commit_job(out_, 2).ok());
  EXPECT_TRUE(fs::exists(out_ + "/part-00000"));
  abort_job(out_);
  EXPECT_THAT(names_in(out_), ElementsAre("part-00001")) << "what others put there stays";
}

TEST_F(CommittingWriterTest, AbortAfterCommitDoesNothing) {
  ASSERT_TRUE(prepare_output(out_).ok());
  write_part(0, 1, "x");
  ASSERT_TRUE(commit_job(out_, 1).ok());
  abort_job(out_);
  EXPECT_THAT(names_in(out_), ElementsAre("_SUCCESS", "part-00000"));
}

TEST_F(CommittingWriterTest, AttemptsThatComeTooLate) {
  ASSERT_TRUE(prepare_output(out_).ok());
  write_part(0, 1, "x");
  PartWriter late(out_, {0, 0, 2});
  late.write("late");
  ASSERT_TRUE(commit_job(out_, 1).ok());
  EXPECT_THROW(late.commit(), IoError);
  EXPECT_THROW(PartWriter(out_, {0, 0, 3}), IoError);
  EXPECT_THAT(names_in(out_), ElementsAre("_SUCCESS", "part-00000"));
  EXPECT_EQ(read_all(out_ + "/part-00000"), "x");
}

/// Files may not grow beyond `bytes` while it lives: the nearest thing to a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(CommittingWriterTest, FailedWriteNamesThePathAndNeverCommits) {
  ASSERT_TRUE(prepare_output(out_).ok());
  {
    const FileSizeLimit limit(100000);
    PartWriter writer(out_, {4, 0, 1});
    EXPECT_THAT([&] { writer.write(std::string(2U << 20U, 'x')); },
                ThrowsMessage<IoError>(AllOf(HasSubstr("cannot write " + out_),
                                             HasSubstr("part-00004: File too large"))));
    EXPECT_THROW(writer.commit(), IoError);
  }
  EXPECT_THAT(names_in(out_ + "/_temporary/committed"), IsEmpty());
  EXPECT_EQ(files_below(out_), 0U);
}

TEST_F(CommittingWriterTest, FailureOfBufferedBytesShowsInCommit) {
  ASSERT_TRUE(prepare_output(out_).ok());
  const FileSizeLimit limit(10);
  PartWriter writer(out_, {0, 0, 1});
  writer.write(std::string(100, 'x'));
  EXPECT_THAT([&] { writer.commit(); }, ThrowsMessage<IoError>(HasSubstr("File too large")));
}

TEST(PartNameTest, FiveDigitsOrMore) {
  EXPECT_EQ(part_name(7), "part-00007");
  EXPECT_EQ(part_name(1234567), "part-1234567");
}

}  // namespace
}  // namespace volley::io

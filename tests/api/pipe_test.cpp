// pipe(): records through a child process, as a task runs it.

#include "program/piped_process.hpp"
#include "tests/api/single_stage.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <stdexcept>

namespace volley::test {
namespace {

using Lines = std::vector<std::string>;

/// No child of this process is left, running or not.
void expect_no_children() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "no exception";
  return "";
}

class PipeTest : public ::testing::Test {
 protected:
  ~PipeTest() override { expect_no_children(); }
  SingleStage stage_;
  Context& context_ = stage_.context();
};

TEST_F(PipeTest, PIPE_001_RecordsPassACommandInOrder) {
  const auto numbers = context_.parallelize({1, 2, 3, 4}, 2);
  EXPECT_EQ(numbers.pipe({"cat"}).collect(), (Lines{"1", "2", "3", "4"}));
  EXPECT_EQ(numbers.pipe("cat").collect(), (Lines{"1", "2", "3", "4"}));
  EXPECT_EQ(numbers.map([](int x) { return x * 10; }).pipe("sort -rn").collect(),
            (Lines{"20", "10", "40", "30"}));
  EXPECT_EQ(numbers.pipe("cat").map([](const std::string& line) { return line.size(); }).count(),
            4);
}

TEST_F(PipeTest, PIPE_005_LinesBeforeTheRecordsAndOfEachRecordAreOnesOwn) {
  const auto header = [](auto&& print) {
    print("0");
    print("\u0001");
  };
  const auto each = [](int record, auto&& print) { print(std::to_string(record) + "_"); };
  const auto piped = context_.parallelize({1, 2, 3, 4}, 2).pipe({"cat"}, {}, header, each);
  EXPECT_EQ(piped.collect(), (Lines{"0", "\u0001", "1_", "2_", "0", "\u0001", "3_", "4_"}));
}

TEST_F(PipeTest, PIPE_006_TheCommandRunsForEmptyPartitions) {
  auto counts = context_.parallelize({"foo", "bing"}, 8).pipe("wc -c").collect();
  ASSERT_EQ(counts.size(), 8U);
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  EXPECT_EQ(counts, (Lines{"0", "4", "5"}));
}

TEST_F(PipeTest, PIPE_007_TheEnvironmentIsAddedToTheExecutors) {
  PipeOptions options;
  options.environment = {{"MY_TEST_ENV", "LALALA"}};
  const auto numbers = context_.parallelize({1, 2, 3, 4}, 2);
  EXPECT_EQ(numbers.pipe("printenv MY_TEST_ENV", options).collect(), (Lines{"LALALA", "LALALA"}));
  EXPECT_EQ(numbers.pipe({"sh", "-c", "test -n \"$PATH\" && echo yes"}).count(), 2);
}

TEST_F(PipeTest, PIPE_008_ACommandThatCannotBeStartedIsNamed) {
  const auto bad = context_.parallelize({1}, 1).pipe("some_nonexistent_command --option");
  const std::string error = error_of([&] { bad.collect(); });
  EXPECT_NE(error.find("some_nonexistent_command --option"), std::string::npos) << error;
  EXPECT_THROW(context_.parallelize({1}, 1).pipe(""), InvalidArgument);
}

TEST_F(PipeTest, PIPE_009_AStatusThatIsNot0FailsTheTask) {
  const auto numbers = context_.parallelize({1, 2}, 1);
  const std::string error = error_of([&] { numbers.pipe("cat nonexistent_file").collect(); });
  EXPECT_NE(error.find("Subprocess exited with status 1"), std::string::npos) << error;
  EXPECT_NE(error.find("cat nonexistent_file"), std::string::npos) << error;
  const std::string killed = error_of([&] { numbers.pipe({"sh", "-c", "kill -9 $$"}).collect(); });
  EXPECT_NE(killed.find("status 137"), std::string::npos) << killed;
}

TEST_F(PipeTest, PIPE_011_TheFileOfAPartitionIsInTheEnvironment) {
  const io::test::Scratch scratch;
  const std::string path = scratch.path("lines.txt");
  std::ofstream(path) << "a\nb\n";
  for (const std::string name : {"map_input_file", "mapreduce_map_input_file"}) {
    const auto lines = context_.text_file(path, 1);
    EXPECT_EQ(lines.pipe("printenv " + name).collect(), Lines{path});
    const auto longer = lines.map([](std::string_view line) { return line.size(); });
    EXPECT_EQ(longer.pipe("printenv " + name).collect(), Lines{path});
  }
}

TEST_F(PipeTest, MoreThanAPipeHoldsGoesBothWays) {
  const std::int64_t count = 200000;
  const auto numbers = context_.range(0, count, 1, 1).pipe("cat");
  EXPECT_EQ(numbers.count(), count);
  EXPECT_EQ(numbers.take(2), (Lines{"0", "1"}));
}

TEST_F(PipeTest, ACommandThatReadsOnlyTheFirstRecordsIsNoError) {
  const auto first = context_.range(0, 200000, 1, 1).pipe("head -n 2").collect();
  EXPECT_EQ(first, (Lines{"0", "1"}));
}

TEST_F(PipeTest, ADirectoryOfItsOwnIsGoneAfterwards) {
  PipeOptions options;
  options.separate_working_dir = true;
  const auto listed =
      context_.parallelize({1}, 1).pipe({"sh", "-c", "pwd; touch made; ls"}, options).collect();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[1], "made");
  EXPECT_FALSE(std::filesystem::exists(listed[0]));
}

struct Stopped {};

TEST_F(PipeTest, PIPE_010_AStoppedTaskLeavesNoProcessBehind) {
  const io::test::Scratch scratch;
  const std::string path = scratch.path("pids");
  int looks = 0;
  program::PipeCommand command;
  command.arguments = {"sh", "-c", "sleep 1000 & echo $$ $!; wait"};
  std::string pids;
  {
    program::PipedProcess process(
        command, ".", [&](std::string_view line) { pids = line; },
        [&] {
          if (!pids.empty() && ++looks > 2) throw Stopped{};
        });
    process.write_line("a record");
    EXPECT_THROW(process.finish(), Stopped);
  }
  std::istringstream in(pids);
  pid_t pid = 0;
  int count = 0;
  while (in >> pid) {
    ++count;
    // It was killed; its new parent may not have reaped it yet.
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state = "gone";
    stat >> number >> name >> state;
    EXPECT_NE(state, "S") << name;
  }
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace volley::test

// What a run writes on the console: line of truth, progress, summary.
#include "launch/launcher.hpp"
#include "launch/progress_bar.hpp"
#include "launch/summary_table.hpp"
#include "launch/text_table.hpp"
#include "launch/truth_line.hpp"

#include <gmock/gmock.h>

namespace volley::launch {
namespace {

using std::chrono::milliseconds;

TEST(TruthLine, SaysWhatTheRunGot) {
  RunTruth truth{2,
                 8,
                 16,
                 32ULL << 30U,
                 "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4",
                 "tcp",
                 "/tmp",
                 1ULL << 40U};
  EXPECT_EQ(truth_line(truth),
            "2 nodes, 8 ranks, 16 cores, 32.0 GiB memory, Open MPI 4.1.4 (tcp), scratch /tmp (1.0 "
            "TiB free)");
  truth.nodes = truth.ranks = truth.cores = 1;
  truth.transport.clear();
  EXPECT_EQ(truth_line(truth),
            "1 node, 1 rank, 1 core, 32.0 GiB memory, Open MPI 4.1.4, scratch /tmp (1.0 TiB free)");
}

TEST(TruthLine, ShortensLibraryNames) {
  const struct {
    const char* text;
    const char* name;
  } cases[] = {
      {"Open MPI v5.0.7, package: Debian", "Open MPI 5.0.7"},
      {"MPICH Version:\t4.0.2\nMPICH Release date:\tx", "MPICH 4.0.2"},
      {"CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)", "Cray MPICH 8.1.25.17"},
      {"Intel(R) MPI Library 2021.8 for Linux* OS", "Intel MPI 2021.8"},
      {"MVAPICH2 Version      :\t2.3.7\n", "MVAPICH2 2.3.7"},
      {"Some MPI 1, built\nlong text", "Some MPI 1"},
      {"", "unknown MPI"},
  };
  for (const auto& [text, name] : cases) EXPECT_EQ(short_mpi_name(text), name);
}

TEST(ProgressBar, OfOneStage) {
  const auto bar = [](std::uint32_t completed, std::size_t width) {
    const StageProgress stage{3, completed, 4, 40};
    return progress_bar({&stage, 1}, width);
  };
  EXPECT_EQ(bar(0, 40), "[Stage 3:>                 (0 + 4) / 40]");
  EXPECT_EQ(bar(12, 40), "[Stage 3:=====>           (12 + 4) / 40]");
  EXPECT_EQ(bar(39, 40), "[Stage 3:================>(39 + 4) / 40]");
  EXPECT_EQ(bar(40, 40), "[Stage 3:=================(40 + 4) / 40]");
  EXPECT_EQ(bar(12, 23), "[Stage 3:(12 + 4) / 40]");
  EXPECT_EQ(bar(12, 10), "[Stage 3:(");
  const StageProgress nothing{0, 0, 0, 0};
  EXPECT_EQ(progress_bar({&nothing, 1}, 24), "[Stage 0:>  (0 + 0) / 0]");
}

TEST(ProgressBar, SharesTheLine) {
  const StageProgress stages[] = {{1, 1, 1, 2}, {2, 0, 1, 2}, {3, 2, 0, 2}, {4, 0, 0, 2}};
  EXPECT_EQ(progress_bar(std::span(stages).first(2), 52),
            "[Stage 1:==>  (1 + 1) / 2][Stage 2:>    (0 + 1) / 2]");
  EXPECT_EQ(progress_bar(stages, 75),
            "[Stage 1:==> (1 + 1) / 2][Stage 2:>   (0 + 1) / 2][Stage 3:====(2 + 0) / 2]");
  EXPECT_EQ(progress_bar({}, 80), "");
}

TEST(ProgressDisplay, OverwritesOnATerminal) {
  ProgressDisplay display({true, 31});
  const StageProgress first{3, 0, 4, 40};
  const StageProgress second{3, 20, 4, 40};
  EXPECT_EQ(display.update({&first, 1}), "\r[Stage 3:>       (0 + 4) / 40]");
  EXPECT_EQ(display.update({&first, 1}), "");
  EXPECT_EQ(display.update({&second, 1}), "\r[Stage 3:===>   (20 + 4) / 40]");
  EXPECT_EQ(display.stage_ended(3, "x", "finished", 40, milliseconds{1}),
            "\r" + std::string(30, ' ') + "\r");
  EXPECT_EQ(display.clear(), "");
  EXPECT_EQ(display.update({}), "");
}

TEST(ProgressDisplay, WritesALinePerStageIntoAFile) {
  ProgressDisplay display({false, 0});
  const StageProgress stage{3, 0, 4, 40};
  EXPECT_EQ(display.update({&stage, 1}), "");
  EXPECT_EQ(display.stage_ended(3, "collect at a.cpp:1", "finished", 40, milliseconds{1500}),
            "Stage 3 (collect at a.cpp:1) finished: 40 tasks in 1.5 s\n");
  EXPECT_EQ(display.stage_ended(4, "count", "failed", 1, milliseconds{2}),
            "Stage 4 (count) failed: 1 task in 2 ms\n");
  EXPECT_EQ(display.clear(), "");
}

TEST(Console, TheLauncherKnowsTheTerminal) {
  EXPECT_EQ(console_of({{terminal_variable, "120"}}, false).columns, 120U);
  EXPECT_TRUE(console_of({{terminal_variable, "120"}}, false).is_terminal);
  EXPECT_FALSE(console_of({}, false).is_terminal);
  EXPECT_EQ(console_of({}, true).columns, 80U);
  EXPECT_FALSE(console_of({{terminal_variable, "x"}}, false).is_terminal);
}

TEST(TextTable, AlignsByDisplayWidth) {
  TextTable table({{"n", Align::right}, {"name"}, {"x", Align::right}});
  table.add({"1", "größe", "10"});
  table.add({"22", "ab", "3"});
  table.add({"", "c", ""});
  EXPECT_EQ(table.text(),
            " n  name    x\n"
            " 1  größe  10\n"
            "22  ab      3\n"
            "    c\n");
}

TEST(TextTable, Shortens) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
  EXPECT_EQ(shortened("größergrößer", 7), "größ...");
  EXPECT_EQ(shortened("abcdefg", 2), "..");
}

TEST(Summary, IsATable) {
  RunSummary summary{"word_count", "succeeded", milliseconds{3400}, {}, {}};
  summary.stages = {{.id = 0,
                     .name = "map at a.cpp:3",
                     .tasks = 40,
                     .failed_attempts = 1,
                     .input = {9, 4096},
                     .shuffled = {500, 4096},
                     .time = milliseconds{1200},
                     .slowest_task = "task 3",
                     .hottest_key = "key 'x' with about 12 % of the records",
                     .spilled_bytes = 2048},
                    {.id = 1, .name = "sort at a.cpp:4", .tasks = 4, .skipped = true},
                    {.id = 2,
                     .name = "top at a.cpp:5",
                     .tasks = 4,
                     .output = {10, 100},
                     .time = milliseconds{20}}};
  summary.lost = {
      {"container_1_0001_01_000002 (executor 1) on node1", "killed by signal 9 (Killed)"}};
  EXPECT_EQ(summary_text(summary), R"(word_count succeeded in 3.4 s
Stage  Operation          Tasks  Failed   Records in       Shuffled         Out   Time  Slowest task
    0  map at a.cpp:3        40       1  9 (4.0 KiB)  500 (4.0 KiB)           -  1.2 s  task 3
    1  sort at a.cpp:4  skipped       -            -              -           -      -
    2  top at a.cpp:5         4       0            -              -  10 (100 B)  20 ms
       total                 44       1  9 (4.0 KiB)  500 (4.0 KiB)  10 (100 B)
spilled to the scratch disk: 2.0 KiB in stage 0
most frequent in stage 0: key 'x' with about 12 % of the records
lost containers:
  container_1_0001_01_000002 (executor 1) on node1: killed by signal 9 (Killed)
)");
}

TEST(Summary, OfARunThatDidNothing) {
  EXPECT_EQ(summary_text({"x", "failed", milliseconds{5}, {}, {}}), "x failed in 5 ms\n");
}

}  // namespace
}  // namespace volley::launch

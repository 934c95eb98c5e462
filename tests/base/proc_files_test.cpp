// Files of processes that may end while they are read.

#include "base/proc_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>

namespace volley::base {
namespace {

using ::testing::ElementsAre;

TEST(ProcFiles, ReadsWhatThereIs) {
  EXPECT_NE(read_proc("/proc/self/stat").find(')'), std::string::npos);
  EXPECT_EQ(read_proc("/proc/0/stat"), "");
  // It opens, and reading its start fails, as that of a process that has just ended does.
  EXPECT_EQ(read_proc("/proc/self/mem"), "");
}

TEST(ProcFiles, FieldsAfterAnyName) {
  const std::string parent = std::to_string(::getppid());
  char before[16] = {};
  ASSERT_EQ(::prctl(PR_GET_NAME, before), 0);
  for (const char* name : {"plain", "a) R 1 2 (b", ") ("}) {
    ASSERT_EQ(::prctl(PR_SET_NAME, name), 0);
    EXPECT_EQ(stat_field("/proc/self", 4), parent) << name;
    EXPECT_GT(std::stoull(stat_field("/proc/self", 22)), 0u) << name;
  }
  ::prctl(PR_SET_NAME, before);
  EXPECT_EQ(stat_field("/proc/self", 400), "");
  EXPECT_EQ(stat_field("/proc/0", 4), "");
}

TEST(ProcFiles, EntriesOfWhatIsNotThere) {
  for_each_entry("/proc/0/task", [](const auto&) { FAIL(); });
  int tasks = 0;
  for_each_entry("/proc/self/task", [&](const auto&) { ++tasks; });
  EXPECT_GE(tasks, 1);
}

TEST(ProcFiles, DescendantsOfATree) {
  const ProcessTree tree{{1, 2}, {2, 3}, {2, 4}, {5, 6}};
  EXPECT_THAT(descendants(&tree, 2), ElementsAre(2, 3, 4));
  EXPECT_THAT(descendants(&tree, 7), ElementsAre(7));
}

}  // namespace
}  // namespace volley::base

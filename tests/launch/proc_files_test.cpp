// Files of processes that may end while they are read.

#include "launch/proc_files.hpp"

#include <gtest/gtest.h>

namespace volley::launch {
namespace {

TEST(ProcFiles, ReadsWhatThereIs) {
  EXPECT_NE(read_proc("/proc/self/stat").find(')'), std::string::npos);
  EXPECT_EQ(read_proc("/proc/0/stat"), "");
  // It opens, and reading its start fails, as that of a process that has just ended does.
  EXPECT_EQ(read_proc("/proc/self/mem"), "");
}

TEST(ProcFiles, EntriesOfWhatIsNotThere) {
  for_each_entry("/proc/0/task", [](const auto&) { FAIL(); });
  int tasks = 0;
  for_each_entry("/proc/self/task", [&](const auto&) { ++tasks; });
  EXPECT_GE(tasks, 1);
}

}  // namespace
}  // namespace volley::launch

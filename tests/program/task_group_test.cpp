#include "program/task_group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace volley::program {
namespace {

using ::testing::HasSubstr;

TEST(TaskGroup, ATaskToARank) {
  EXPECT_EQ(shared_rank_problem({}, 3), "");
  EXPECT_EQ(shared_rank_problem({5}, 3), "");
  EXPECT_EQ(shared_rank_problem({2, 0, 1}, 3), "");
  const std::string problem = shared_rank_problem({2, 0, 1, 0, 2}, 3);
  EXPECT_THAT(problem, HasSubstr("tasks 1 and 3 of stage 3 both run on rank 0"));
  EXPECT_THAT(problem, HasSubstr("volley.rank.slots=1"));
}

TEST(TaskGroup, TagsOfStageAttemptsDiffer) {
  std::set<std::uint32_t> tags;
  for (base::StageId stage = 1000; stage < 2000; ++stage) {
    for (std::uint32_t attempt = 0; attempt < 4; ++attempt) {
      protocol::TaskAttempt task;
      task.stage = stage;
      task.stage_attempt = attempt;
      tags.insert(group_tag(task));
      EXPECT_LE(group_tag(task), largest_group_tag);
    }
  }
  EXPECT_EQ(tags.size(), 4000U);
}

}  // namespace
}  // namespace volley::program

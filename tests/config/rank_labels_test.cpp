#include "config/rank_labels.hpp"

#include <gmock/gmock.h>

namespace volley::config {
namespace {

using ::testing::HasSubstr;

TEST(RankLabels, RangesAndSingleRanks) {
  const auto labels = parse_rank_labels("gpu=0-3,8;large=4-7");
  ASSERT_TRUE(labels.ok()) << labels.error();
  EXPECT_EQ(label_of_rank(labels.value(), 0), "gpu");
  EXPECT_EQ(label_of_rank(labels.value(), 8), "gpu");
  EXPECT_EQ(label_of_rank(labels.value(), 5), "large");
  EXPECT_EQ(label_of_rank(labels.value(), 9), "");
  EXPECT_TRUE(parse_rank_labels("").value().empty());
}

TEST(RankLabels, SaysWhatIsWrong) {
  EXPECT_THAT(parse_rank_labels("gpu").error(), HasSubstr("'gpu' is not like gpu=0-3,8"));
  EXPECT_THAT(parse_rank_labels("=3").error(), HasSubstr("is not like"));
  EXPECT_THAT(parse_rank_labels("gpu=").error(), HasSubstr("is not like"));
  EXPECT_THAT(parse_rank_labels("gpu=x").error(), HasSubstr("'x' is not a rank"));
  EXPECT_THAT(parse_rank_labels("gpu=3-1").error(), HasSubstr("'3-1' is not a rank"));
  EXPECT_THAT(parse_rank_labels("gpu=0-3;big=3").error(), HasSubstr("label 'gpu' already"));
}

}  // namespace
}  // namespace volley::config

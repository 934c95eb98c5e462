#include "protocol/containers.hpp"

#include <gtest/gtest.h>

namespace volley::protocol {
namespace {

TEST(Containers, MemoryDividesBySlotsAndNeverGrows) {
  EXPECT_EQ(slots_share({100}, 0, 0).value, 100U);
  EXPECT_EQ(slots_share({100}, 3, 3).value, 100U);
  EXPECT_EQ(slots_share({100}, 3, 1).value, 33U);
  EXPECT_EQ(slots_share({100}, 3, 2).value, 66U);
  const std::uint64_t most = ~std::uint64_t{0};
  EXPECT_EQ(slots_share({most}, 4, 1).value + slots_share({most}, 4, 3).value, most - 1)
      << "no overflow on the way";
  const GrantedContainer container{{}, {{1, 0, 1}, {2, 0, 3}}, {400}, 0};
  EXPECT_EQ(member_memory(container, 0).value, 100U);
  EXPECT_EQ(member_memory(container, 1).value, 300U);
}

TEST(Containers, ExitsReadWell) {
  EXPECT_EQ(describe_exit({139, 11, "", 0}), "killed by signal 11 (SIGSEGV)");
  EXPECT_EQ(describe_exit({3, 0, "", 0}), "exited with code 3");
  EXPECT_EQ(describe_exit({exit_stopped_by_am, 15, "", 0}), "stopped by its ApplicationMaster");
  const ContainerId id{{17, 1}, 1, 2};
  EXPECT_EQ(describe_loss(id, 4, {3, 0, "", 0}),
            "container_17_0001_01_000002 on rank 4 exited with code 3");
  EXPECT_EQ(describe_loss(id, 4, {3, 0, "as told", 0}), "as told");
}

TEST(Containers, BatchesStayShort) {
  std::vector<ContainerId> ids(10000, ContainerId{{17, 1}, 1, 2});
  EXPECT_LT(first_of(ids).size(), 120U);
  EXPECT_NE(first_of(ids).find("and 9997 more"), std::string::npos);
  EXPECT_EQ(first_of({}), "");
}

}  // namespace
}  // namespace volley::protocol

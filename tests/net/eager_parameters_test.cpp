#include "net/eager_parameters.hpp"

#include <gtest/gtest.h>

#include <map>

namespace volley::net {
namespace {

std::uint64_t limit_with(const std::map<std::string, std::string>& set) {
  return open_mpi_eager_limit("vader", [&](const std::string& name) {
    const auto found = set.find(name);
    return found == set.end() ? "" : found->second;
  });
}

TEST(EagerParameters, TheUsualLimitUnlessToldOtherwise) {
  EXPECT_EQ(limit_with({}), 4096U);
  EXPECT_EQ(limit_with({{"btl_vader_eager_limit", "32768"}}), 32768U);
  EXPECT_EQ(limit_with({{"btl_vader_eager_limit", "4k"}}), 0U);
}

TEST(EagerParameters, NoneWhereTheTransportIsNotInUse) {
  EXPECT_EQ(limit_with({{"btl", "tcp,self"}}), 0U);
  EXPECT_EQ(limit_with({{"btl", "^vader,openib"}}), 0U);
  EXPECT_EQ(limit_with({{"pml", "ucx"}}), 0U);
  EXPECT_EQ(limit_with({{"pml", "^ob1"}}), 0U);
}

TEST(EagerParameters, SelectionsThatHaveIt) {
  EXPECT_EQ(limit_with({{"btl", "self,vader"}, {"pml", "ob1"}}), 4096U);
  EXPECT_EQ(limit_with({{"btl", "^openib"}, {"pml", "^ucx"}}), 4096U);
  EXPECT_EQ(limit_with({{"btl", "tcp,vaderish"}}), 0U);
}

}  // namespace
}  // namespace volley::net

// What the driver is told when handles go, and when the program fails at what a job brought.

#include "program/context_core.hpp"

#include <volley/context.hpp>
#include <volley/error.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace volley::test {
namespace {

/// A driver that answers each task of a job with the same result, and keeps what it was sent.
class JobEnds : public ::testing::Test {
 protected:
  JobEnds()
      : core(std::make_shared<program::ContextCore>(
            base::ApplicationId{1, 1}, config::Configuration{},
            [this](protocol::DriverMessage message) { take(std::move(message)); })),
        context(core) {
    core->deliver(protocol::ExecutorsReady{1, 2, ""});
  }
  ~JobEnds() override { core->stop("the test is over"); }

  void take(protocol::DriverMessage message) {
    if (const auto* job = std::get_if<protocol::JobSubmitted>(&message)) {
      for (std::uint32_t index = 0; index < job->partitions.size(); ++index) {
        core->deliver(protocol::TaskResultReady{job->job, index, result});
      }
      if (ends) core->deliver(protocol::JobEnded{job->job, true, ""});
    }
    sent.push_back(std::move(message));
  }
  template <class M>
  std::vector<M> all() const {
    std::vector<M> found;
    for (const auto& message : sent) {
      if (const auto* match = std::get_if<M>(&message)) found.push_back(*match);
    }
    return found;
  }

  protocol::Bytes result = protocol::encode(std::int64_t{1});
  bool ends = true;
  std::vector<protocol::DriverMessage> sent;
  std::shared_ptr<program::ContextCore> core;
  Context context;
};

TEST_F(JobEnds, DAG_034_WhatTheProgramThrowsAtAResultEndsThatJobAlone) {
  const auto numbers = context.range(0, 8, 1, 4);
  ends = false;
  EXPECT_THROW(core->run_job(*numbers.lineage(), {0, 1}, {}, "here",
                             [](std::uint32_t, const protocol::Bytes&) {
                               throw std::domain_error("not this one");
                             }),
               std::domain_error);
  const auto cancelled = all<protocol::JobCancelRequested>();
  ASSERT_EQ(cancelled.size(), 1U);
  EXPECT_EQ(cancelled[0].job, all<protocol::JobSubmitted>().at(0).job);
  EXPECT_TRUE(context.active_jobs().empty());
  // What comes late for it disturbs nobody.
  core->deliver(protocol::TaskResultReady{cancelled[0].job, 1, result});
  core->deliver(protocol::JobEnded{cancelled[0].job, false, "cancelled"});
  EXPECT_TRUE(context.active_jobs().empty());
  ends = true;
  EXPECT_EQ(numbers.count(), 4);
  EXPECT_EQ(all<protocol::JobCancelRequested>().size(), 1U);
}

TEST_F(JobEnds, CLN_001_TheLastHandleTakesCachedBlocksAndShufflesWithIt) {
  using Pairs = Rdd<std::pair<std::int64_t, std::int64_t>>;
  base::RddId cached = 0;
  std::set<std::uint64_t> shuffles;
  {
    std::optional<Pairs> sums = context.range(0, 8, 1, 4)
                                    .map([](std::int64_t x) { return std::pair(x % 2, x); })
                                    .reduce_by_key(std::plus<>{}, 3);
    sums->cache();
    cached = sums->id();
    for (const auto& dependency : sums->lineage()->spec()->dependencies) {
      shuffles.insert(dependency.shuffle);
    }
    ASSERT_EQ(shuffles.size(), 1U);
    const auto child = sums->filter([](const auto& sum) { return sum.second > 3; });
    sums.reset();
    EXPECT_EQ(child.count(), 3);
    EXPECT_TRUE(all<protocol::RddUnpersisted>().empty()) << "what depends on it is a handle, too";
    EXPECT_TRUE(all<protocol::ShuffleForgotten>().empty());
  }
  const auto unpersisted = all<protocol::RddUnpersisted>();
  ASSERT_EQ(unpersisted.size(), 1U);
  EXPECT_EQ(unpersisted[0].rdd, cached);
  const auto forgotten = all<protocol::ShuffleForgotten>();
  ASSERT_EQ(forgotten.size(), 1U);
  EXPECT_EQ(std::set<std::uint64_t>{forgotten[0].shuffle}, shuffles);
}

}  // namespace
}  // namespace volley::test

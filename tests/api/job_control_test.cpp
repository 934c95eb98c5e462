// What a thread says about its jobs, and which messages cancelling makes.

#include "program/context_core.hpp"

#include <volley/context.hpp>
#include <volley/error.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace volley::test {
namespace {

/// A driver that ends every job at once, and keeps what it was sent.
class JobControl : public ::testing::Test {
 protected:
  JobControl()
      : core(std::make_shared<program::ContextCore>(
            base::ApplicationId{1, 1}, config::Configuration{},
            [this](protocol::DriverMessage message) { take(std::move(message)); })),
        context(core) {
    core->deliver(protocol::ExecutorsReady{1, 2, ""});
  }
  ~JobControl() override { core->stop("the test is over"); }

  void take(protocol::DriverMessage message) {
    if (const auto* job = std::get_if<protocol::JobSubmitted>(&message)) {
      active = context.active_jobs();
      core->deliver(protocol::JobEnded{job->job, false, "refused"});
    }
    sent.push_back(std::move(message));
  }
  /// Runs an action and returns what the driver was told of its job.
  protocol::JobSubmitted submitted() {
    EXPECT_THROW(context.range(0, 4, 1, 2).count(), JobFailed);
    for (auto message = sent.rbegin(); message != sent.rend(); ++message) {
      if (const auto* job = std::get_if<protocol::JobSubmitted>(&*message)) return *job;
    }
    ADD_FAILURE() << "no job was submitted";
    return {};
  }
  template <class M>
  M last() const {
    const auto* message = sent.empty() ? nullptr : std::get_if<M>(&sent.back());
    EXPECT_NE(message, nullptr);
    return message == nullptr ? M{} : *message;
  }

  std::vector<protocol::DriverMessage> sent;
  std::vector<std::uint32_t> active;
  std::shared_ptr<program::ContextCore> core;
  Context context;
};

TEST_F(JobControl, CANC_006_TagsAreASetOfEachThread) {
  context.add_job_tag("one");
  context.add_job_tag("two");
  context.add_job_tag("one");
  EXPECT_EQ(submitted().tags, (std::vector<std::string>{"one", "two"}));
  std::thread([&] { EXPECT_TRUE(context.job_tags().empty()); }).join();
  context.remove_job_tag("one");
  EXPECT_EQ(context.job_tags(), (std::set<std::string>{"two"}));
  context.clear_job_tags();
  EXPECT_TRUE(submitted().tags.empty());
}

TEST_F(JobControl, CANC_006_BadTagsAreRefused) {
  EXPECT_THROW(context.add_job_tag(""), InvalidArgument);
  EXPECT_THROW(context.add_job_tag("foo,bar"), InvalidArgument);
  EXPECT_THROW(context.remove_job_tag(""), InvalidArgument);
  EXPECT_THROW(context.cancel_jobs_with_tag("a,b"), InvalidArgument);
  EXPECT_TRUE(context.job_tags().empty());
}

TEST_F(JobControl, GroupAndPoolGoWithTheJobsOfTheThread) {
  context.set_job_group("reports");
  context.set_scheduler_pool("night");
  const auto job = submitted();
  EXPECT_EQ(job.group, "reports");
  EXPECT_EQ(job.pool, "night");
  EXPECT_EQ(active, std::vector<std::uint32_t>{job.job});
  EXPECT_TRUE(context.active_jobs().empty());
  context.clear_job_group();
  EXPECT_EQ(submitted().group, "");
}

TEST_F(JobControl, CancellingSaysWhatAndWhy) {
  context.cancel_job(3, "why");
  EXPECT_EQ(last<protocol::JobCancelRequested>().job, 3U);
  context.cancel_job_group("reports", "why");
  EXPECT_EQ(last<protocol::JobGroupCancelRequested>().group, "reports");
  EXPECT_FALSE(last<protocol::JobGroupCancelRequested>().future_jobs);
  context.cancel_job_group_and_future_jobs("reports");
  EXPECT_TRUE(last<protocol::JobGroupCancelRequested>().future_jobs);
  context.cancel_jobs_with_tag("one", "why");
  EXPECT_EQ(last<protocol::TaggedJobsCancelRequested>().tag, "one");
  context.cancel_stage(5, "why");
  EXPECT_EQ(last<protocol::StageCancelRequested>().stage, 5U);
  context.cancel_all_jobs();
  last<protocol::AllJobsCancelRequested>();
}

}  // namespace
}  // namespace volley::test

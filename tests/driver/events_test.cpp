// What the program's listeners are told, and task attempts that the program kills.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

struct Describe {
  std::string operator()(const protocol::JobStart& e) const {
    return fmt::format("job {} of {} stages", e.job, e.stages.size());
  }
  std::string operator()(const protocol::JobEnd& e) const {
    return fmt::format("job {} {}", e.job, e.succeeded ? "done" : "failed");
  }
  std::string operator()(const protocol::StageSubmitted& e) const {
    return fmt::format("stage {}.{} of {}", e.stage.id, e.stage.attempt, e.stage.tasks);
  }
  std::string operator()(const protocol::StageCompleted& e) const {
    return fmt::format("stage {}.{} {}", e.stage.id, e.stage.attempt,
                       e.stage.failure.empty() ? "done" : "failed");
  }
  std::string operator()(const protocol::TaskStart& e) const {
    return fmt::format("task {}.{} of {}", e.task.partition, e.task.attempt, e.stage);
  }
  std::string operator()(const protocol::TaskEnd& e) const {
    static constexpr std::array names{"done",     "failed",        "fetch failed", "killed",
                                      "returned", "executor lost", "denied"};
    return fmt::format("task {}.{} {}", e.task.partition, e.task.attempt,
                       names.at(static_cast<std::size_t>(e.outcome)));
  }
  std::string operator()(const protocol::ExecutorAdded& e) const {
    return fmt::format("executor {} with {} slots", e.executor, e.slots);
  }
  std::string operator()(const protocol::ExecutorRemoved& e) const {
    return fmt::format("executor {} gone: {}", e.executor, e.reason);
  }
  std::string operator()(const protocol::ExecutorExcluded& e) const {
    return fmt::format("executor {} excluded", e.executor);
  }
  std::string operator()(const protocol::ExecutorUnexcluded& e) const {
    return fmt::format("executor {} used again", e.executor);
  }
  std::string operator()(const protocol::UnpersistRdd& e) const {
    return fmt::format("rdd {} unpersisted", e.rdd);
  }
};

template <class E>
std::vector<E> events_of(const FakeCluster& cluster) {
  std::vector<E> found;
  for (const auto& message : cluster.program<protocol::EventHappened>()) {
    if (const auto* event = std::get_if<E>(message.event.get())) found.push_back(*event);
  }
  return found;
}

class Events : public ::testing::Test {
 protected:
  Events() {
    c.add_executor(1, 1, 2);
    listen(true);
  }
  void listen(bool wanted) { c.send(program_address, protocol::EventsRequested{wanted}); }
  std::vector<std::string> story() const {
    std::vector<std::string> lines;
    for (const auto& message : c.program<protocol::EventHappened>()) {
      lines.push_back(std::visit(Describe{}, *message.event));
    }
    return lines;
  }
  template <class E>
  std::vector<E> events() const {
    return events_of<E>(c);
  }
  /// Whether the attempt was asked to stop.
  bool kill(base::TaskId task, const std::string& why = "too slow") {
    c.send(program_address, protocol::TaskAttemptKillRequested{task, ++kills, why});
    const auto answers = c.program<protocol::TaskAttemptKillAnswered>();
    EXPECT_EQ(answers.size(), kills);
    EXPECT_EQ(answers.back().request, kills);
    return answers.back().found;
  }

  FakeCluster c;
  LineageBuilder b;
  std::uint64_t kills = 0;
};

using Story = std::vector<std::string>;

TEST_F(Events, CTX_009_TheStoryOfAJobInItsOrder) {
  c.submit(b.job(0, b.shuffle({b.source(2)}, 1)));
  c.finish_all();
  EXPECT_EQ(story(), (Story{"job 0 of 2 stages", "stage 0.0 of 2", "task 0.0 of 0", "task 1.0 of 0",
                            "task 0.0 done", "task 1.0 done", "stage 0.0 done", "stage 1.0 of 1",
                            "task 0.0 of 1", "task 0.0 done", "stage 1.0 done", "job 0 done"}));
  const auto& before = c.envelopes;
  const auto end = std::find_if(before.begin(), before.end(), [](const auto& envelope) {
    const auto* group = std::get_if<protocol::ProgramMessage>(&envelope.message);
    return group != nullptr && std::holds_alternative<protocol::JobEnded>(*group);
  });
  const auto last = std::find_if(before.rbegin(), before.rend(), [](const auto& envelope) {
    const auto* group = std::get_if<protocol::ProgramMessage>(&envelope.message);
    return group != nullptr && std::holds_alternative<protocol::EventHappened>(*group);
  });
  EXPECT_TRUE(last.base() <= end) << "an action that returns has its events in the queue";
}

TEST_F(Events, CTX_009_NothingIsToldBeforeAndAfter) {
  listen(false);
  c.submit(b.job(0, b.source(2)));
  c.finish_all();
  EXPECT_TRUE(story().empty());
  c.submit(b.job(1, b.source(1)));
  listen(true);
  c.finish_all();
  EXPECT_EQ(story(), (Story{"task 0.0 done", "stage 1.0 done", "job 1 done"}));
}

TEST_F(Events, TheySayWhatTasksAndStagesAre) {
  const base::RddId source = b.source(1);
  const base::RddId shuffled = b.shuffle({b.map(source)}, 3);
  auto job = b.job(0, shuffled);
  job.group = "reports";
  job.properties = {{"color", "green"}};
  c.run_time = milliseconds{5};
  c.submit(job);
  c.tick(seconds{1});
  c.finish_all();
  const auto start = events<protocol::JobStart>().at(0);
  EXPECT_EQ(start.group, "reports");
  EXPECT_EQ(start.partitions, 3U);
  EXPECT_EQ(start.properties, job.properties);
  const auto maps = events<protocol::StageSubmitted>().at(0).stage;
  ASSERT_EQ(maps.rdds.size(), 2U);
  EXPECT_EQ(maps.rdds.at(0).id, source);
  EXPECT_EQ(maps.rdds.at(1).parents, std::vector<base::RddId>{source});
  EXPECT_TRUE(maps.parents.empty());
  const auto result = events<protocol::StageCompleted>().at(1).stage;
  EXPECT_EQ(result.parents, std::vector<base::StageId>{maps.id});
  EXPECT_EQ(result.rdds.size(), 1U);
  const auto task = events<protocol::TaskEnd>().at(0);
  EXPECT_EQ(task.task.executor, 1U);
  EXPECT_EQ(task.task.host, "host0");
  EXPECT_EQ(task.task.finished - task.task.launched, seconds{1});
  EXPECT_EQ(task.metrics.run_nanoseconds, base::Duration(milliseconds{5}).count());
  EXPECT_FALSE(task.task.speculative);
}

TEST_F(Events, ATaskThatFailsTooOftenEndsItsStageAndItsJob) {
  c.submit(b.job(0, b.source(1)));
  while (!c.tasks.empty()) c.finish(c.tasks.begin()->first, TaskOutcome::exception, "bad record");
  const auto ends = events<protocol::TaskEnd>();
  ASSERT_EQ(ends.size(), 4U);
  for (const auto& end : ends) EXPECT_EQ(end.error, "bad record");
  EXPECT_EQ(story().back(), "job 0 failed");
  EXPECT_NE(events<protocol::JobEnd>().at(0).error.find("bad record"), std::string::npos);
  EXPECT_NE(events<protocol::StageCompleted>().at(0).stage.failure.find("bad record"),
            std::string::npos);
}

TEST_F(Events, EveryAttemptOfAStageBeginsAndEndsOnce) {
  c.submit(b.job(0, b.shuffle({b.source(2)}, 2)));
  c.finish(c.running_partition(0));
  c.finish(c.running_partition(1));
  c.fail_fetch(c.tasks.begin()->first);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  std::map<std::pair<base::StageId, std::uint32_t>, int> open;
  for (const auto& e : events<protocol::StageSubmitted>()) ++open[{e.stage.id, e.stage.attempt}];
  for (const auto& e : events<protocol::StageCompleted>()) --open[{e.stage.id, e.stage.attempt}];
  EXPECT_EQ(open.size(), 4U) << "both stages ran twice";
  for (const auto& [stage, balance] : open) EXPECT_EQ(balance, 0);
  EXPECT_EQ(events<protocol::TaskStart>().size(), events<protocol::TaskEnd>().size());
}

TEST_F(Events, JobsThatAreRefusedStartAndEnd) {
  auto job = b.job(0, b.source(1));
  job.partitions = {7};
  c.submit(job);
  EXPECT_EQ(story(), (Story{"job 0 of 0 stages", "job 0 failed"}));
}

TEST_F(Events, ExecutorsComeAndGo) {
  c.add_executor(2, 2, 4);
  c.submit(b.job(0, b.source(1)));
  const base::ExecutorId busy = c.tasks.begin()->second.executor;
  c.lose_executor(busy);
  const auto told = story();
  EXPECT_EQ(told.at(0), "executor 2 with 4 slots");
  EXPECT_EQ(told.at(4), fmt::format("executor {} gone: killed by signal 9", busy));
  EXPECT_EQ(told.at(5), "task 0.0 executor lost");
  EXPECT_EQ(told.at(6), "task 0.1 of 0");
  c.finish_all();
  c.expect_job_succeeded(0, 1);
}

TEST_F(Events, AnUnpersistedRddIsTold) {
  c.send(program_address, protocol::RddUnpersisted{5});
  EXPECT_EQ(story(), Story{"rdd 5 unpersisted"});
}

TEST_F(Events, CTX_011_AKilledAttemptIsRunAgainAndNoFailure) {
  c.submit(b.job(0, b.source(2)));
  const std::uint32_t times = 10;  // more than failures would be allowed
  for (std::uint32_t i = 0; i < times; ++i) {
    const base::TaskId task = c.running_partition(0);
    EXPECT_EQ(c.tasks.at(task).launched.attempt.attempt, i);
    EXPECT_TRUE(kill(task, "because"));
    EXPECT_TRUE(c.tasks.at(task).kill_requested);
    c.finish(task);
  }
  EXPECT_FALSE(c.tasks.at(c.running_partition(1)).kill_requested);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  const auto ends = events<protocol::TaskEnd>();
  ASSERT_EQ(ends.size(), times + 2);
  for (std::uint32_t i = 0; i < times; ++i) {
    EXPECT_EQ(ends.at(i).outcome, TaskOutcome::killed);
    EXPECT_EQ(ends.at(i).error, "because");
  }
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(Events, CTX_011_AnAttemptThatSucceedsBeforeItHearsOfTheKillHasSucceeded) {
  c.submit(b.job(0, b.source(1)));
  const base::TaskId task = c.running_partition(0);
  EXPECT_TRUE(kill(task));
  c.tasks.at(task).kill_requested = false;
  c.finish(task);
  c.expect_job_succeeded(0, 1);
  EXPECT_EQ(events<protocol::TaskEnd>().at(0).outcome, TaskOutcome::success);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(Events, CTX_011_OnlyAttemptsThatRunCanBeKilled) {
  EXPECT_FALSE(kill(0));
  c.submit(b.job(0, b.source(1)));
  const base::TaskId task = c.running_partition(0);
  c.send(program_address, protocol::JobCancelRequested{0, ""});
  EXPECT_FALSE(kill(task)) << "it was asked to stop, and nobody wants it again";
  c.finish_all();
  EXPECT_FALSE(kill(task));
  EXPECT_EQ(c.launched, 1U);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(Events, CTX_011_AKilledAttemptThatDoesNotStopIsEndedWithItsProcess) {
  Options options;
  options.reaper.enabled = true;
  options.reaper.kill_timeout = seconds{30};
  FakeCluster other(options);
  other.add_executor(1, 1, 1);
  other.submit(b.job(0, b.source(1)));
  other.send(program_address, protocol::TaskAttemptKillRequested{0, 1, "too slow"});
  for (int i = 0; i < 35; ++i) other.tick(seconds{1});
  const auto stopped =
      other.received<protocol::ContainerStopRequested, protocol::NodeManagerMessage>(
          protocol::at_rank(Role::node_manager, 1));
  EXPECT_EQ(stopped.size(), 1U);
  other.add_executor(2, 2, 1);
  other.lose_executor(1, false);
  other.finish_all();
  other.expect_job_succeeded(0, 1);
  EXPECT_TRUE(other.driver.idle());
}

TEST_F(Events, ACopyOfAStragglerSaysThatItIsOne) {
  Options options;
  options.speculation.enabled = true;
  options.speculation.duration_threshold = seconds{10};
  FakeCluster other(options);
  other.add_executor(1, 1, 1);
  other.add_executor(2, 11, 1);
  other.send(program_address, protocol::EventsRequested{true});
  other.submit(b.job(0, b.source(1)));
  for (int i = 0; i < 15; ++i) other.tick(seconds{1});
  ASSERT_EQ(other.tasks.size(), 2U);
  other.finish(other.tasks.begin()->first);
  other.finish_all();
  const auto starts = events_of<protocol::TaskStart>(other);
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_FALSE(starts.at(0).task.speculative);
  EXPECT_TRUE(starts.at(1).task.speculative);
  const auto ends = events_of<protocol::TaskEnd>(other);
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(ends.at(1).outcome, TaskOutcome::killed);
  EXPECT_EQ(ends.at(1).error, "another attempt succeeded");
}

TEST_F(Events, AnExecutorIsExcludedAndUsedAgain) {
  Options options;
  options.exclusion.application = true;
  options.exclusion.application_tasks_per_executor = 1;
  FakeCluster other(options);
  other.add_executor(1, 1, 1);
  other.send(program_address, protocol::EventsRequested{true});
  other.submit(b.job(0, b.source(1)));
  other.finish(other.tasks.begin()->first, TaskOutcome::exception, "bad disk");
  other.finish_all();
  ASSERT_EQ(events_of<protocol::ExecutorExcluded>(other).size(), 1U);
  EXPECT_EQ(events_of<protocol::ExecutorExcluded>(other).at(0).executor, 1U);
  EXPECT_TRUE(events_of<protocol::ExecutorUnexcluded>(other).empty());
  other.tick(std::chrono::hours{2});
  EXPECT_EQ(events_of<protocol::ExecutorUnexcluded>(other).size(), 1U);
}

}  // namespace
}  // namespace volley::driver::testing

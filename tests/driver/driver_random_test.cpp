// Seeded chaos: random jobs, outcomes, lost and new executors, lost data. Whatever happens, every
// job ends, a job that succeeds gets each result once, and nothing is left behind.

#include "fake_cluster.hpp"
#include "lineage_builder.hpp"

#include <gtest/gtest.h>

#include <random>

namespace volley::driver::testing {
namespace {

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : random_(seed), cluster_(options()) {
    build();
    for (int i = 0; i < 3; ++i) add_executor();
  }

  void run() {
    for (int step = 0; step < 600; ++step) act();
    while (cluster_.executors.size() < 2) add_executor();
    cluster_.finish_all();
    const auto counts = cluster_.result_counts();
    for (const auto& [key, times] : counts) EXPECT_EQ(times, 1);
    for (const auto& [job, results] : jobs_) {
      const auto end = cluster_.job_end(job);
      ASSERT_TRUE(end.has_value()) << "job " << job;
      if (!end->succeeded) continue;
      ++succeeded_;
      std::size_t count = 0;
      for (std::uint32_t i = 0; i < results; ++i) count += counts.count({job, i});
      EXPECT_EQ(count, results);
    }
    EXPECT_GT(succeeded_, 0U);
    EXPECT_TRUE(cluster_.driver.idle());
    for (const auto& [id, executor] : cluster_.executors) EXPECT_TRUE(executor.stages.empty());
    for (base::ShuffleNumber s = 0; s < lineage_.shuffles(); ++s) {
      cluster_.send(program_address, protocol::ShuffleForgotten{s});
    }
    EXPECT_EQ(cluster_.driver.known_shuffles(), 0U);
    EXPECT_TRUE(cluster_.held.empty());
  }

 private:
  static Options options() {
    Options options;
    options.max_failures = 6;
    options.max_consecutive_attempts = 8;
    return options;
  }

  void build() {
    const auto text = lineage_.map(lineage_.source(5));
    const auto counts = lineage_.shuffle({text}, 4);
    lineage_.persist(counts);
    const auto joined = lineage_.shuffle({lineage_.map(counts), lineage_.source(3)}, 6);
    const auto both = lineage_.unite({joined, counts});
    const auto few = lineage_.coalesce(both, {{0, 9}, {1, 2, 3}, {4, 5, 6, 7, 8}});
    targets_ = {text, counts, lineage_.map(counts),       joined,
                both, few,    lineage_.shuffle({few}, 2), lineage_.cartesian(joined, counts)};
  }

  std::size_t pick(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  void add_executor() {
    const base::ExecutorId id = next_executor_++;
    const auto rank = static_cast<base::Rank>(10 * pick(3) + 1 + pick(2));
    cluster_.add_executor(id, rank, 1 + static_cast<std::uint32_t>(pick(3)));
    if (pick(4) != 0) return;
    const auto& executor = cluster_.executors.at(id);  // says it twice
    cluster_.send(
        executor.address,
        protocol::ExecutorRegistered{id, 0, 1, "host", executor.node, executor.slots, 100, 7, {}});
  }

  void act() {
    const std::size_t what = pick(100);
    if (what < 4) {
      const base::RddId target = targets_[pick(targets_.size())];
      const base::JobId job = next_job_++;
      jobs_[job] = lineage_.partitions(target);
      cluster_.submit(lineage_.job(job, target));
    } else if (what < 6 && next_job_ > 0) {
      cluster_.send(program_address, protocol::JobCancelRequested{
                                         static_cast<base::JobId>(pick(next_job_)), "at random"});
    } else if (what < 9 && !cluster_.executors.empty()) {
      lose_executor();
    } else if (what < 13 && cluster_.executors.size() < 6) {
      add_executor();
    } else if (what < 20) {
      cluster_.tick(milliseconds{100 + 100 * pick(20)});
    } else if (what < 22) {
      cluster_.send(program_address, protocol::RddUnpersisted{lineage_.persisted().front()});
    } else if (!cluster_.tasks.empty()) {
      end_task();
    }
  }

  void lose_executor() {
    const auto at = std::next(cluster_.executors.begin(),
                              static_cast<std::ptrdiff_t>(pick(cluster_.executors.size())));
    const Address address = at->second.address;
    protocol::TaskFinished late;
    for (const auto& [id, task] : cluster_.tasks) {
      if (task.executor == at->first) late.attempt = task.launched.attempt;
    }
    cluster_.lose_executor(at->first, pick(2) == 0);
    cluster_.send(address, late);
  }

  void end_task() {
    const auto at =
        std::next(cluster_.tasks.begin(), static_cast<std::ptrdiff_t>(pick(cluster_.tasks.size())));
    const base::TaskId id = at->first;
    const std::size_t what = pick(40);
    if (what == 0) {
      cluster_.finish(id, TaskOutcome::exception, "at random");
    } else if (what == 1 && readable(at->second)) {
      cluster_.fail_fetch(id);
    } else {
      cluster_.finish(id);
    }
  }

  /// Whether the driver will take the task's word for a lost input.
  static bool readable(const FakeTask& task) {
    const auto& shuffles = task.launched.shuffles;
    return !task.kill_requested && !shuffles.empty() && shuffles[0].holder != base::no_rank;
  }

  std::mt19937_64 random_;
  FakeCluster cluster_;
  LineageBuilder lineage_;
  std::vector<base::RddId> targets_;
  std::map<base::JobId, std::uint32_t> jobs_;
  base::JobId next_job_ = 0;
  base::ExecutorId next_executor_ = 1;
  std::size_t succeeded_ = 0;
};

class DriverRandom : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(DriverRandom, EveryJobEndsAndNothingIsLeft) { Chaos(GetParam()).run(); }

INSTANTIATE_TEST_SUITE_P(Seeds, DriverRandom, ::testing::Range<std::uint64_t>(0, 100));

}  // namespace
}  // namespace volley::driver::testing

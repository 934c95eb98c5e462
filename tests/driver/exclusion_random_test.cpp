// Random programs whose tasks fail while exclusion is on, executors come, go and leave, and
// exchanges are slow or find damage: every job ends, by success, because tasks can run nowhere, or
// because some results of a barrier stage are known already when it fails.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

#include <random>

namespace volley::driver::testing {
namespace {

class RandomFailures {
 public:
  explicit RandomFailures(std::uint32_t seed) : random_(seed), cluster_(settings()) {
    for (int i = 0; i < 4; ++i) add_executor();
    const auto first = lineage_.shuffle({lineage_.source(3)}, 4);
    mapped_ = lineage_.map(lineage_.shuffle({lineage_.source(2), first}, 4));
    switch (dice(4)) {
      case 0:
        final_ = lineage_.cartesian(first, mapped_);
        break;
      case 1:
        final_ = lineage_.coalesce(mapped_, {{0, 1}, {1, 2}, {2, 3, 0}});
        break;
      case 2:
        final_ = lineage_.barrier(mapped_);
        break;
      default:
        final_ = lineage_.join({first, mapped_});
        break;
    }
    if (one_of(2)) lineage_.persist(first);
    if (one_of(2)) lineage_.persist(mapped_);
    cluster_.submit(lineage_.job(jobs_++, final_));
  }

  void disturb() {
    for (int step = 0; step < 150; ++step) {
      if (!cluster_.tasks.empty()) {
        const base::TaskId id = pick(cluster_.tasks);
        if (one_of(4)) {
          cluster_.finish(id, TaskOutcome::exception, "bad");
        } else {
          cluster_.finish(id);
        }
      }
      happen();
    }
  }

  void expect_all_ends() {
    cluster_.release_services();
    cluster_.exchange_damage.clear();
    for (const base::Rank rank : {51, 61}) cluster_.add_executor(next_++, rank, 2);
    for (int i = 0; i < 400 && cluster_.driver_busy(); ++i) {
      while (!cluster_.tasks.empty()) cluster_.finish(cluster_.tasks.begin()->first);
      cluster_.tick(seconds{1});
    }
    EXPECT_TRUE(cluster_.driver.idle()) << "something waits for ever";
    for (base::JobId job = 0; job < jobs_; ++job) {
      const auto end = cluster_.job_end(job);
      ASSERT_TRUE(end.has_value()) << "job " << job;
      if (end->succeeded) continue;
      const bool expected = end->error.find("cannot run anywhere") != std::string::npos ||
                            end->error.find("failed barrier ResultStage") != std::string::npos;
      EXPECT_TRUE(expected) << end->error;
    }
  }

 private:
  Options settings() {
    Options options;
    options.exclusion.task_and_stage = true;
    options.exclusion.application = one_of(2);
    options.exclusion.timeout = seconds{30};
    options.exclusion.unschedulable_wait = seconds{1'000'000};
    options.max_failures = 1000;
    options.max_consecutive_attempts = 1000;
    options.speculation.enabled = one_of(2);
    options.speculation.interval = seconds{1};
    return options;
  }
  std::uint32_t dice(std::size_t sides) { return static_cast<std::uint32_t>(random_() % sides); }
  bool one_of(std::uint32_t sides) { return dice(sides) == 0; }
  template <class Map>
  typename Map::key_type pick(const Map& map) {
    return std::next(map.begin(), dice(map.size()))->first;
  }

  void add_executor() {
    cluster_.add_executor(next_++, static_cast<base::Rank>(1 + 10 * dice(4) + dice(3)),
                          1 + dice(2));
  }
  void happen() {
    auto& executors = cluster_.executors;
    switch (dice(12)) {
      case 0:
        if (executors.size() < 8) add_executor();
        break;
      case 1:
        if (executors.size() > 1) cluster_.lose_executor(pick(executors), one_of(2));
        break;
      case 2:
        cluster_.hold_services = true;
        break;
      case 3:
        cluster_.release_services();
        break;
      case 4:
        if (one_of(3)) cluster_.exchange_damage = {dice(2)};
        break;
      case 5:
      case 6:
      case 7:
        cluster_.tick(milliseconds{100 + dice(3000)});
        break;
      case 8:
        if (!cluster_.job_end(jobs_ - 1)) break;
        cluster_.submit(lineage_.job(jobs_++, one_of(2) ? final_ : mapped_));
        break;
      case 9:
        if (executors.size() < 3 || !one_of(3)) break;
        cluster_.send(master_address, protocol::ExecutorDecommissioned{pick(executors), "spot"});
        break;
      case 10:
        if (one_of(8)) cluster_.send(program_address, protocol::RddUnpersisted{mapped_});
        break;
      default:
        break;
    }
  }

  std::mt19937 random_;
  FakeCluster cluster_;
  LineageBuilder lineage_;
  base::RddId mapped_ = 0;
  base::RddId final_ = 0;
  base::JobId jobs_ = 0;
  base::ExecutorId next_ = 1;
};

TEST(ExclusionRandom, EveryJobEnds) {
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    RandomFailures program(seed);
    program.disturb();
    program.expect_all_ends();
  }
}

}  // namespace
}  // namespace volley::driver::testing

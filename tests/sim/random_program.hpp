#pragma once
// RandomProgram: a made-up application: RDDs with narrow dependencies and shuffles, some of them
// cached, and jobs over them. Every partition has one number as its value, a function of the
// lineage alone; what the cluster should bring is computed here without any cluster.

#include "protocol/driver_messages.hpp"
#include "tests/sim/random.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace volley::sim {

/// Accumulators of result tasks are numbered from here by job, those of map tasks by shuffle.
inline constexpr std::uint32_t result_accumulators = 1U << 24U;
/// Shuffles of an attempt of the application have numbers of their own, as program::ContextCore
/// gives them: attempt 1 counts from 0, the next from here.
inline constexpr base::ShuffleNumber shuffles_per_attempt = 1U << 24U;

/// The name of RDDs whose tasks wait for each other: a stage's binary says nothing else of it.
inline constexpr const char* barrier_name = "barrier";

/// The value of a source partition.
std::uint64_t source_value(base::RddId rdd, std::uint32_t partition);
/// What a map task with this value writes for a reduce partition; some write nothing. `sums`: the
/// task may have computed a part; what all parts write adds up to what the whole would.
std::optional<std::uint64_t> written_value(base::ShuffleNumber shuffle, bool sums,
                                           std::uint32_t reducer, std::uint64_t map_value);
/// What a partition reads of a shuffle, by map partition.
using Reads = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

/// Names of RDDs that may be computed in parts: of_first_read, and by_record above it.
inline constexpr const char* divisible_name = "divisible";
inline constexpr const char* by_record_name = "by record";
/// The value of a partition that may be computed in parts is the sum of its records' values.
/// `others`: what these meet besides; `sums`: of reads that are sums themselves.
std::uint64_t sum_of_records(std::uint64_t others, bool sums, const Reads& reads);
/// Whether the map tasks of a shuffle write such sums.
inline bool writes_sums(const protocol::Closure& writer) { return !writer.captures.empty(); }
/// Their sum as one read.
void add_up(Reads& reads);

/// Folds the values that a partition is made of, in order.
class ValueFold {
 public:
  explicit ValueFold(base::RddId rdd) : value_(mix(rdd + 1000U)) {}
  void add(std::uint64_t value) { value_ = mix(value_, value); }
  void add_shuffled(std::uint32_t map, std::uint64_t value) { add(mix(map, value)); }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_;
};
/// The parent partitions that a narrow dependency reads for a partition.
std::vector<std::uint32_t> parents_of(const protocol::Dependency& dependency,
                                      std::uint32_t partition);

struct ProgramOptions {
  std::uint32_t rdds = 8;
  std::uint32_t most_partitions = 8;
  std::uint32_t rounds = 3;  ///< of jobs; the jobs of a round run at the same time
  std::uint32_t most_jobs = 2;
  bool cancels = true;
  std::uint32_t barrier_tasks = 0;  ///< at most, of a barrier stage; 0: none
};

class RandomProgram {
 public:
  struct Round {
    std::vector<protocol::JobSubmitted> jobs;
    std::optional<base::JobId> cancelled;
    std::string cancelled_group;           ///< with all its jobs
    std::vector<base::RddId> unpersisted;  ///< after the jobs
  };

  RandomProgram(Random& random, const ProgramOptions& options, std::uint32_t attempt);
  /// One stage of equal tasks, for measurements.
  static RandomProgram flat(std::uint32_t tasks);

  const std::vector<Round>& rounds() const { return rounds_; }
  /// The numbers of its shuffles.
  std::vector<base::ShuffleNumber> shuffles() const;
  std::uint64_t expected(base::RddId rdd, std::uint32_t partition);

 private:
  RandomProgram() = default;
  void adopt(const std::vector<protocol::RddSpecPtr>& rdds,
             std::optional<base::RddId> barrier = std::nullopt);
  Reads expected_reads(const protocol::Dependency& dependency, std::uint32_t partition);
  protocol::JobSubmitted job(base::JobId id, base::RddId rdd, std::uint32_t partitions) const;

  std::vector<protocol::RddSpecPtr> rdds_;
  std::vector<base::RddId> persisted_;
  std::vector<Round> rounds_;
  base::ShuffleNumber first_shuffle_ = 0;
  std::uint32_t shuffles_ = 0;
  std::map<std::pair<base::RddId, std::uint32_t>, std::uint64_t> values_;
};

}  // namespace volley::sim

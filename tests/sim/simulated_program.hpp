#pragma once
// SimulatedProgram: the user's main program of a simulated application. It submits the jobs of a
// RandomProgram round by round and holds the driver to its promises: each result and each
// accumulator update once, the values as computed without a cluster, one end for each job and for
// whatever its listener heard to begin, and nothing left behind.

#include "protocol/driver_messages.hpp"
#include "tests/sim/event_ledger.hpp"
#include "tests/sim/random_program.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace volley::sim {

class SimulatedProgram {
 public:
  /// After the last job the program waits that long, and the driver must have come to rest.
  SimulatedProgram(RandomProgram& plan, base::Duration linger) : plan_(plan), linger_(linger) {}

  std::vector<protocol::DriverMessage> on(const protocol::ProgramMessage& message);
  /// `driver_idle`: it holds nothing of any job, shuffle or cached RDD.
  std::vector<protocol::DriverMessage> tick(base::TimePoint now, bool driver_idle);

  bool started() const { return state_ != State::starting; }
  bool finished() const { return state_ == State::finished; }
  /// All jobs ended as they should.
  bool succeeded() const { return finished() && error_.empty(); }
  const std::string& error() const { return error_; }
  std::uint64_t results() const { return results_; }

 private:
  enum class State { starting, running, lingering, finished };
  struct Job {
    base::RddId rdd = 0;
    std::vector<std::uint32_t> partitions;
    std::vector<bool> arrived;
    std::vector<bool> counted;
    bool cancelled = false;
    bool ended = false;
  };

  void on_result(const protocol::TaskResultReady& message);
  void on_end(const protocol::JobEnded& message);
  void on_updates(const protocol::AccumulatorsUpdated& message);
  void next_round();
  void finish(std::string error);

  RandomProgram& plan_;
  base::Duration linger_;
  State state_ = State::starting;
  std::size_t round_ = 0;
  std::map<base::JobId, Job> jobs_;
  std::size_t open_ = 0;  ///< jobs that have not ended
  std::set<std::pair<std::uint32_t, std::uint64_t>> map_updates_;
  base::TimePoint linger_until_{};
  std::vector<protocol::DriverMessage> outgoing_;
  std::string error_;
  std::uint64_t results_ = 0;
  EventLedger events_;
  bool was_idle_ = false;  ///< the driver, at the tick before
};

}  // namespace volley::sim

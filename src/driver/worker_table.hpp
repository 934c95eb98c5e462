#pragma once
// WorkerTable: the executor processes that have registered, and what they run. A worker is one
// member process of an executor; it takes tasks once all members of its executor have registered.
// Ids of lost executors stay known, so that their late messages are recognised.

#include "base/ids.hpp"
#include "base/units.hpp"
#include "driver/placement.hpp"
#include "driver/worker_set.hpp"
#include "protocol/address.hpp"
#include "protocol/driver_messages.hpp"

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace volley::driver {

/// What each task needs comes first, so that it lies in few cache lines.
struct Worker {
  WorkerKey key;
  protocol::Address address;
  std::uint32_t node = 0;
  std::uint32_t slots = 0;
  std::uint32_t members = 1;  ///< of its executor
  /// Takes tasks: all members of its executor are here, and it is not leaving.
  bool live = false;
  base::TimePoint last_seen{};
  base::TimePoint progressed{};  ///< when it last began or ended a task
  boost::unordered_flat_set<base::TaskId> running{};
  std::string host;
  /// Since when its executor is leaving.
  std::optional<base::TimePoint> leaving{};
};

class WorkerTable {
 public:
  enum class Registration { accepted, repeated, lost_before };
  Registration add(const protocol::ExecutorRegistered& message, const protocol::Address& from,
                   base::TimePoint now);
  /// The executor is being started: until it is complete, or lost, it is expected.
  void expect(const protocol::ExecutorLaunched& message, base::TimePoint now);
  /// Executors that are expected since then or longer.
  std::vector<protocol::ExecutorLaunched> overdue(base::TimePoint since) const;
  /// The executor takes no more tasks; what runs goes on. False when that is known, or it is not.
  bool decommission(base::ExecutorId executor, base::TimePoint now);
  /// Removes all members of the executor and returns them.
  std::vector<Worker> remove(base::ExecutorId executor);

  bool was_lost(base::ExecutorId executor) const { return lost_.contains(executor); }
  const Worker* find(const WorkerKey& key) const;
  /// Whether tasks may be launched there.
  bool live(const WorkerKey& key) const;
  void seen(const WorkerKey& key, base::TimePoint now);
  /// The first tick has told the time: nobody was silent before it.
  void all_seen(base::TimePoint now);
  void task_started(const WorkerKey& key, base::TaskId task, base::TimePoint now);
  void task_ended(const WorkerKey& key, base::TaskId task, base::TimePoint now);

  const std::map<WorkerKey, Worker>& workers() const { return workers_; }
  /// Workers with a free slot, of complete executors.
  const WorkerSet& free() const { return free_; }
  /// Workers with more tasks than slots.
  const WorkerSet& backlogged() const { return backlogged_; }
  /// Without those that are leaving.
  std::uint32_t complete_executors() const { return complete_; }
  /// Of complete executors.
  std::uint32_t slots() const { return slots_; }
  bool node_live(std::uint32_t node) const { return live_nodes_.contains(node); }
  /// Ranks with live workers and their slots, by rank.
  std::vector<LiveRank> live_ranks() const;
  /// The node of every rank that ever had a worker.
  const RankNodes& nodes() const { return nodes_; }

 private:
  struct Executor {
    std::uint32_t members = 0;
    std::uint32_t registered = 0;
    bool leaving = false;
  };
  struct HashOfKey {
    std::size_t operator()(const WorkerKey& key) const {
      return boost::hash_value((std::uint64_t{key.member} << 32U) + key.executor);
    }
  };
  bool complete(base::ExecutorId executor) const;
  Worker* known(const WorkerKey& key) const;
  void retract(Worker& worker);
  void update_free(const Worker& worker);

  struct Expected {
    protocol::ExecutorLaunched launch;
    base::TimePoint since;
  };

  std::map<WorkerKey, Worker> workers_;
  boost::unordered_flat_map<WorkerKey, Worker*, HashOfKey> by_key_;  ///< into workers_
  std::map<base::ExecutorId, Expected> expected_;
  std::map<base::ExecutorId, Executor> executors_;
  WorkerSet free_;
  WorkerSet backlogged_;
  std::map<std::uint32_t, std::uint32_t> live_nodes_;  ///< node to number of live workers
  RankNodes nodes_;
  std::unordered_set<base::ExecutorId> lost_;
  std::uint32_t complete_ = 0;
  std::uint32_t slots_ = 0;
};

}  // namespace volley::driver

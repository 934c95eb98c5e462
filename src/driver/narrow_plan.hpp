#pragma once
// NarrowPlan: which inputs each task of a stage needs. Built once per stage; long one-to-one chains
// are skipped when it is built, so that a question about one task costs the few RDDs that matter.
// The plan points into the lineage and keeps it alive.

#include "driver/lineage.hpp"
#include "protocol/driver_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace volley::driver {

/// One reduce partition that a task reads.
struct ShuffleRead {
  base::ShuffleNumber shuffle = 0;
  std::uint32_t partition = 0;
  auto operator<=>(const ShuffleRead&) const = default;
};

struct TaskInputs {
  std::vector<protocol::SourceInput> sources;
  std::vector<ShuffleRead> shuffles;
};

class NarrowPlan {
 public:
  NarrowPlan(LineagePtr lineage, base::RddId final_rdd);

  /// Everything that computing the partition from scratch reads, distinct.
  TaskInputs inputs(std::uint32_t partition) const;
  /// Partitions of persisted RDDs from which the task could start, nearest to the result first.
  std::vector<protocol::BlockId> cacheable(std::uint32_t partition) const;
  /// Hosts where the task is best off, as the first RDD on its way says that has any.
  std::vector<std::string> hosts(std::uint32_t partition) const;
  bool has_hosts() const { return has_hosts_; }
  bool has_persisted() const { return has_persisted_; }
  /// The shuffles that tasks read when RDDs for which `cut` holds are taken from the cache. `cut`
  /// is asked about persisted RDDs only.
  std::vector<base::ShuffleNumber> shuffles_needed(
      const std::function<bool(const protocol::RddSpec&)>& cut) const;

 private:
  struct Edge {
    const protocol::Dependency* dependency = nullptr;
    std::size_t to = 0;
  };
  struct Node {
    const protocol::RddSpec* rdd = nullptr;
    bool persisted = false;
    std::vector<Edge> narrow;
    std::vector<base::ShuffleNumber> shuffles;
  };
  using Visit = std::function<void(const Node&, std::uint32_t)>;

  /// The first RDD at or above `id` that does more than pass a partition on.
  base::RddId skip_chain(base::RddId id) const;
  /// Nodes and partitions that the task reaches, in preorder, each once.
  void walk(std::uint32_t partition, const Visit& visit) const;

  LineagePtr lineage_;
  std::vector<Node> nodes_;  ///< the first is the final RDD's
  bool may_repeat_ = false;  ///< a partition can be reached on two ways
  bool has_persisted_ = false;
  bool has_hosts_ = false;
};

}  // namespace volley::driver

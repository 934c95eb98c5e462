#pragma once
// ShuffleTracker: what the driver knows of every shuffle's data. A map output lies on the rank of
// the executor process that wrote it and stays there when the executor ends; after an exchange each
// reduce partition has one holder, seldom more. Memory is O(maps + reducers) per shuffle.

#include "base/ids.hpp"
#include "driver/narrow_plan.hpp"
#include "driver/partition_parts.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace volley::driver {

class ShuffleTracker {
 public:
  /// Makes the shuffle known; does nothing when it is.
  void add(base::ShuffleNumber shuffle, std::uint32_t maps, std::uint32_t reducers);
  bool known(base::ShuffleNumber shuffle) const { return shuffles_.contains(shuffle); }
  /// Drops everything about the shuffle and returns the ranks that hold data of it.
  std::set<base::Rank> forget(base::ShuffleNumber shuffle);

  /// Whether every map partition has an output. An unknown shuffle is not complete.
  bool complete(base::ShuffleNumber shuffle) const;
  /// The rank may get data of the shuffle, so it must be told when that can go.
  void touch(base::ShuffleNumber shuffle, base::Rank rank);
  std::vector<std::uint32_t> missing_maps(base::ShuffleNumber shuffle) const;
  /// Map tasks compute parts of partitions, too: once, before there is any output. Without parts it
  /// is settled that there are none.
  void set_parts(base::ShuffleNumber shuffle, TaskParts parts);
  bool parts_settled(base::ShuffleNumber shuffle) const { return at(shuffle).parts.has_value(); }
  /// The part that a map task computes; null: all of a partition.
  const protocol::TaskPart* part(base::ShuffleNumber shuffle, std::uint32_t map) const;
  /// Map tasks: one per partition, and the parts.
  std::uint32_t maps(base::ShuffleNumber shuffle) const;

  /// The first output of a map partition wins; false when there is one.
  bool add_output(base::ShuffleNumber shuffle, std::uint32_t map, base::Rank rank);
  /// True for the first time that a map partition's accumulator updates arrive.
  bool count_once(base::ShuffleNumber shuffle, std::uint32_t map);
  /// The rank turned out not to have its data of the shuffle: outputs and placements are forgotten.
  void lose(base::ShuffleNumber shuffle, base::Rank rank);
  /// The rank is gone with the data of all shuffles. Those that it had data of.
  std::vector<base::ShuffleNumber> forget_rank(base::Rank rank);
  /// The outputs of these map partitions are of no use any more.
  void lose_outputs(base::ShuffleNumber shuffle, const std::vector<std::uint32_t>& maps);
  /// Every reduce partition has to be placed again.
  void forget_holders(base::ShuffleNumber shuffle);
  /// Map partitions by the rank that holds their output.
  std::map<base::Rank, std::vector<std::uint32_t>> outputs(base::ShuffleNumber shuffle) const;

  std::uint32_t reducers(base::ShuffleNumber shuffle) const;
  bool has_sizes(base::ShuffleNumber shuffle) const;
  void set_sizes(base::ShuffleNumber shuffle, std::vector<std::uint64_t> bytes);
  /// Bytes of a reduce partition over all maps; 0 while unknown.
  std::uint64_t bytes(const ShuffleRead& read) const;
  const std::vector<std::uint64_t>& sizes(base::ShuffleNumber shuffle) const;

  void add_holder(const ShuffleRead& read, base::Rank rank);
  /// Ranks that hold the whole reduce partition, the first placement first.
  std::vector<base::Rank> holders(const ShuffleRead& read) const;

  std::size_t size() const { return shuffles_.size(); }

 private:
  struct Shuffle {
    std::vector<base::Rank> outputs;  ///< by map task
    std::vector<bool> counted;        ///< by map task
    std::optional<TaskParts> parts;
    std::uint32_t missing = 0;
    std::vector<base::Rank> holders;  ///< by reduce partition
    std::map<std::uint32_t, std::vector<base::Rank>> more_holders;
    std::vector<std::uint64_t> sizes;  ///< by reduce partition
    bool sized = false;
    std::set<base::Rank> ranks;  ///< that ever got data of it
  };
  const Shuffle& at(base::ShuffleNumber shuffle) const;
  Shuffle& at(base::ShuffleNumber shuffle);

  std::unordered_map<base::ShuffleNumber, Shuffle> shuffles_;
};

}  // namespace volley::driver

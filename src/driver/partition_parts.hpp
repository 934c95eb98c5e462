#pragma once
// Parts of partitions: which oversized reduce partitions are computed by several tasks instead of
// one. A map stage allows it whose records each come from one record of a shuffle, as those of a
// join come from its left side: its task reads the output of some map tasks only, with all of the
// other inputs, and writes an output of its own. What a partition holds stays the same; later
// stages read the parts' records after those of all whole partitions. Spark does this for joins of
// tables (OptimizeSkewedJoin), with the same defaults. Decisions depend on the sizes only, never on
// the cluster, so that results repeat.

#include "base/units.hpp"
#include "driver/lineage.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace volley::driver {

/// volley.adaptive.*
struct PartRule {
  double factor = 5;  ///< times the median, above which a partition is oversized; 0: none is
  base::ByteCount threshold{256ULL << 20U};  ///< and it has more than so much
  base::ByteCount target{64ULL << 20U};      ///< of a part
};

/// Tasks of a map stage by their number; those that compute whole partitions are left out. The
/// first part has its partition's number, the others follow the last partition's.
using TaskParts = std::map<std::uint32_t, protocol::TaskPart>;

/// The shuffle of which tasks of the stage may read parts.
std::optional<base::ShuffleNumber> divisible_read(const Lineage& lineage, base::RddId final_rdd);

/// `bytes`: by partition, of the shuffle, which `maps` map tasks wrote; `beside`: of what a task
/// reads besides, of which every part reads all and which is no larger than a part therefore.
TaskParts divide(base::ShuffleNumber shuffle, const std::vector<std::uint64_t>& bytes,
                 const std::vector<std::uint64_t>& beside, std::uint32_t maps,
                 const PartRule& rule);

}  // namespace volley::driver

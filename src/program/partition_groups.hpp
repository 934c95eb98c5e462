#pragma once
// PartitionGroups: which partitions are merged into one when there are to be fewer, without moving
// records. Partitions that prefer hosts are put together with others that prefer the same one, as
// long as the groups stay about even: the rules of Spark's DefaultPartitionCoalescer. Pure, and the
// same for the same input.

#include <cstdint>
#include <string>
#include <vector>

namespace volley::program {

/// The hosts that a partition prefers, best first; those beyond the third are not looked at.
using PreferredHosts = std::vector<std::string>;

struct PartitionGroups {
  std::vector<std::vector<std::uint32_t>> groups;  ///< every partition once, ascending; none empty
  std::vector<PreferredHosts> hosts;  ///< one for each group, or nothing: nobody prefers any
};

/// `from` partitions in `to` groups of neighbours, as even as can be.
std::vector<std::vector<std::uint32_t>> even_groups(std::uint32_t from, std::uint32_t to);

/// At most `most` groups of the partitions whose preferred hosts are given. A partition goes to the
/// group of its host unless that is larger than another one by more than `slack` of all partitions.
PartitionGroups group_partitions(const std::vector<PreferredHosts>& preferred, std::uint32_t most,
                                 double slack = 0.10);

}  // namespace volley::program

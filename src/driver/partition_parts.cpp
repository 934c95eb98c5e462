#include "driver/partition_parts.hpp"

#include "driver/placement.hpp"

#include <algorithm>

namespace volley::driver {

using protocol::Dependency;
using protocol::DependencyKind;
using protocol::PartitionParts;

std::optional<base::ShuffleNumber> divisible_read(const Lineage& lineage, base::RddId final_rdd) {
  const protocol::RddSpec* rdd = &lineage.at(final_rdd);
  const auto divisible = [&](PartitionParts parts) {
    return rdd->parts == parts && !rdd->barrier && !rdd->replaced && !lineage.is_persisted(rdd->id);
  };
  while (divisible(PartitionParts::by_record) && rdd->dependencies.size() == 1 &&
         rdd->dependencies[0].kind == DependencyKind::one_to_one) {
    rdd = &lineage.at(rdd->dependencies[0].parent);
  }
  const auto& inputs = rdd->dependencies;
  const bool shuffles = std::all_of(inputs.begin(), inputs.end(), [](const Dependency& input) {
    return input.kind == DependencyKind::shuffle;
  });
  if (!divisible(PartitionParts::of_first_read) || inputs.empty() || !shuffles) return std::nullopt;
  return inputs.front().shuffle;
}

TaskParts divide(base::ShuffleNumber shuffle, const std::vector<std::uint64_t>& bytes,
                 const std::vector<std::uint64_t>& beside, std::uint32_t maps,
                 const PartRule& rule) {
  TaskParts parts;
  if (rule.factor <= 0) return parts;
  const std::uint64_t median = measure_skew(bytes).median;
  const double oversized = rule.factor * static_cast<double>(median);
  auto next = static_cast<std::uint32_t>(bytes.size());
  for (std::uint32_t partition = 0; partition < bytes.size(); ++partition) {
    const std::uint64_t size = bytes[partition];
    if (size <= rule.threshold.value || static_cast<double>(size) <= oversized) continue;
    const std::uint64_t target =
        std::max({std::uint64_t{1}, rule.target.value, median, beside[partition]});
    const auto count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(maps, (size + target - 1) / target));
    if (count < 2) continue;
    for (std::uint32_t part = 0; part < count; ++part) {
      const auto map_at = [&](std::uint64_t at) {
        return static_cast<std::uint32_t>(at * maps / count);
      };
      const std::uint32_t number = part == 0 ? partition : next++;
      parts[number] = {partition, shuffle, map_at(part), map_at(part + 1)};
    }
  }
  return parts;
}

}  // namespace volley::driver

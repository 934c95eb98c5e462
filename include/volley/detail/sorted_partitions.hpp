#pragma once
// The source of repartition_and_sort_within_partitions: the shuffle sorts what it brings, and a
// parent that is partitioned right is sorted partition by partition.

#include <volley/detail/layout_sources.hpp>
#include <volley/detail/pipeline.hpp>
#include <volley/detail/sort_source.hpp>
#include <volley/types.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace volley::detail {

/// `T` is the parent's record type. A partition that does not come by a shuffle must fit in memory.
template <class T, class Less>
struct SortedPartitionsSource {
  using record = owned_t<T>;
  static constexpr auto parts = protocol::PartitionParts::none;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const protocol::Dependency& dependency = context.plan().rdd(rdd).dependencies.front();
    if (dependency.kind == protocol::DependencyKind::shuffle) {
      SortSource<typename record::first_type, typename record::second_type, Less>::run(
          context, rdd, partition, emit);
      return;
    }
    auto records = collect_partition<T>(context, dependency.parent, partition);
    std::vector<std::size_t> order(records.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return Less{}(records[a].first, records[b].first);
    });
    for (const std::size_t at : order) emit(std::move(records[at]));
  }
};

}  // namespace volley::detail

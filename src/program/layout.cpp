// The untyped pieces of the operations that lay partitions out anew.

#include <volley/detail/fold_operations.hpp>
#include <volley/detail/layout_operations.hpp>
#include <volley/detail/sampling.hpp>
#include <volley/partitioner.hpp>

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>

namespace volley::detail {

std::uint64_t identity_of(const protocol::Closure& closure) {
  const protocol::Bytes bytes = protocol::encode(closure);
  return XXH3_64bits(bytes.data(), bytes.size());
}

protocol::Dependency on_groups(const LineagePtr& parent,
                               std::vector<std::vector<std::uint32_t>> groups) {
  protocol::Dependency dependency;
  dependency.kind = protocol::DependencyKind::groups;
  dependency.parent = parent->id();
  dependency.groups = std::move(groups);
  return dependency;
}

void check_groups(const std::vector<std::vector<std::uint32_t>>& groups, std::uint32_t partitions) {
  for (const auto& group : groups) {
    for (const std::uint32_t partition : group) {
      if (partition < partitions) continue;
      throw InvalidArgument(
          fmt::format("coalesce: a group has partition {} of {}", partition, partitions));
    }
  }
}

void check_zip(const std::vector<LineagePtr>& parents) {
  std::vector<std::uint32_t> partitions;
  for (const LineagePtr& parent : parents) partitions.push_back(parent->partitions());
  if (std::adjacent_find(partitions.begin(), partitions.end(), std::not_equal_to<>{}) ==
      partitions.end()) {
    return;
  }
  throw InvalidArgument(fmt::format("Can't zip RDDs with unequal numbers of partitions: List({})",
                                    fmt::join(partitions, ", ")));
}

void check_depth(int depth) {
  if (depth >= 1) return;
  throw InvalidArgument(fmt::format("Depth must be greater than or equal to 1 but got {}.", depth));
}

std::uint32_t next_level(std::uint32_t partitions, std::uint32_t first, int depth) {
  const double root = std::ceil(std::pow(static_cast<double>(first), 1.0 / depth));
  const auto scale = std::max(static_cast<std::uint32_t>(root), 2U);
  const bool shrinks = partitions > scale + (partitions + scale - 1) / scale;
  return shrinks ? partitions / scale : 0;
}

double fraction_for_sample(std::uint64_t wanted, std::uint64_t total, bool with_replacement) {
  const auto size = static_cast<double>(wanted);
  const auto all = static_cast<double>(total);
  if (with_replacement) {
    const double deviations = size < 6 ? 12 : size < 16 ? 9 : 6;
    return std::max(size + deviations * std::sqrt(size), 1e-10) / all;
  }
  constexpr double failures = 1e-4;
  const double fraction = size / all;
  const double gamma = -std::log(failures) / all;
  const double bound = fraction + gamma + std::sqrt(gamma * gamma + 2 * gamma * fraction);
  return std::clamp(bound, 1e-10, 1.0);
}

}  // namespace volley::detail

#include "program/preferred_hosts.hpp"

#include "program/context_core.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace volley::program {
namespace {

using protocol::DependencyKind;
using Place = std::pair<const Lineage*, std::uint32_t>;

/// The partitions that a partition depends on by a narrow dependency.
std::vector<std::uint32_t> parents_of(const protocol::Dependency& dependency,
                                      std::uint32_t partition) {
  switch (dependency.kind) {
    case DependencyKind::one_to_one:
      return {partition};
    case DependencyKind::range: {
      const std::uint32_t offset = partition - dependency.out_start;
      const bool inside = partition >= dependency.out_start && offset < dependency.length;
      return inside ? std::vector<std::uint32_t>{offset} : std::vector<std::uint32_t>{};
    }
    case DependencyKind::groups:
      return dependency.groups.at(partition);
    case DependencyKind::shuffle:
      return {};
  }
  return {};
}

const Lineage* parent_of(const Lineage& rdd, base::RddId id) {
  for (const auto& parent : rdd.parents()) {
    if (parent->id() == id) return parent.get();
  }
  return nullptr;
}

PreferredHosts hosts_of(const Place& start) {
  std::set<Place> seen;
  std::vector<Place> stack{start};
  while (!stack.empty()) {
    const Place place = stack.back();
    stack.pop_back();
    if (!seen.insert(place).second) continue;
    const Lineage& rdd = *place.first;
    const protocol::RddSpec& spec = *rdd.spec();
    if (place.second < spec.hosts.size() && !spec.hosts[place.second].empty()) {
      return spec.hosts[place.second];
    }
    if (rdd.core()->checkpoints().is_written(rdd.id())) continue;
    // The last one in goes first.
    for (auto at = spec.dependencies.rbegin(); at != spec.dependencies.rend(); ++at) {
      const Lineage* parent = parent_of(rdd, at->parent);
      const auto partitions = parents_of(*at, place.second);
      if (parent == nullptr) continue;
      for (auto up = partitions.rbegin(); up != partitions.rend(); ++up) {
        stack.emplace_back(parent, *up);
      }
    }
  }
  return {};
}

}  // namespace

std::vector<PreferredHosts> preferred_hosts(const Lineage& rdd) {
  std::vector<PreferredHosts> found(rdd.partitions());
  const auto needed = rdd.needed();
  const bool any = std::any_of(needed.begin(), needed.end(),
                               [](const Lineage* node) { return !node->spec()->hosts.empty(); });
  if (!any) return found;
  for (std::uint32_t i = 0; i < rdd.partitions(); ++i) found[i] = hosts_of({&rdd, i});
  return found;
}

}  // namespace volley::program

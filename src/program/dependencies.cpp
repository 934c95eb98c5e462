#include "program/context_core.hpp"

#include <volley/detail/lineage_operations.hpp>

namespace volley::detail {

std::vector<RddDependency> dependencies_of(const program::Lineage& rdd) {
  std::vector<RddDependency> found;
  if (rdd.core()->checkpoints().is_written(rdd.id())) return found;
  for (const protocol::Dependency& dependency : rdd.spec()->dependencies) {
    RddDependency one;
    one.parent = dependency.parent;
    one.shuffle = dependency.kind == protocol::DependencyKind::shuffle;
    for (const auto& parent : rdd.parents()) {
      if (parent->id() == dependency.parent) one.parent_name = rdd.core()->name_of(*parent);
    }
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace volley::detail

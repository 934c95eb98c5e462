#include "driver/lineage.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

using base::RddId;
using base::ShuffleNumber;
using protocol::Dependency;
using protocol::DependencyKind;
using protocol::RddSpec;

Lineage::Lineage(const std::vector<protocol::RddSpecPtr>& rdds, const std::vector<RddId>& persisted,
                 const std::vector<protocol::StoredRdd>& stored)
    : persisted_(persisted.begin(), persisted.end()) {
  for (const protocol::StoredRdd& how : stored) stored_.emplace(how.rdd, how);
  rdds_.reserve(rdds.size());
  for (const auto& rdd : rdds) rdds_.emplace(rdd->id, rdd);
}

const RddSpec& Lineage::at(RddId id) const {
  const auto found = rdds_.find(id);
  VOLLEY_CHECK(found != rdds_.end(), "RDD {} is missing in the job's lineage of {} RDDs", id,
               rdds_.size());
  return *found->second;
}

std::vector<RddId> narrow_closure(const Lineage& lineage, RddId final_rdd) {
  struct Frame {
    RddId rdd;
    std::size_t next = 0;
  };
  std::vector<RddId> order;
  std::unordered_set<RddId> seen{final_rdd};
  std::vector<Frame> stack{{final_rdd}};
  while (!stack.empty()) {
    Frame& top = stack.back();
    const auto& dependencies = lineage.at(top.rdd).dependencies;
    if (top.next == dependencies.size()) {
      order.push_back(top.rdd);
      stack.pop_back();
      continue;
    }
    const Dependency& dependency = dependencies[top.next++];
    if (dependency.kind == DependencyKind::shuffle) continue;
    if (seen.insert(dependency.parent).second) stack.push_back({dependency.parent});
  }
  return order;
}

namespace {

/// The shuffle dependencies read by the stage that ends in `final_rdd`, distinct by shuffle.
std::vector<const Dependency*> shuffles_read(const Lineage& lineage, RddId final_rdd) {
  std::vector<const Dependency*> found;
  std::unordered_set<ShuffleNumber> seen;
  for (const RddId id : narrow_closure(lineage, final_rdd)) {
    for (const Dependency& dependency : lineage.at(id).dependencies) {
      if (dependency.kind != DependencyKind::shuffle) continue;
      if (seen.insert(dependency.shuffle).second) found.push_back(&dependency);
    }
  }
  return found;
}

}  // namespace

std::vector<StageCut> cut_stages(const Lineage& lineage, RddId final_rdd) {
  struct Frame {
    StageCut cut;
    std::vector<const Dependency*> reads;
    std::size_t next = 0;
  };
  const auto open = [&](RddId rdd, const Dependency* shuffle) {
    Frame frame{{rdd, shuffle, {}}, shuffles_read(lineage, rdd)};
    for (const Dependency* read : frame.reads) frame.cut.parents.push_back(read->shuffle);
    return frame;
  };
  std::vector<StageCut> order;
  std::unordered_set<ShuffleNumber> seen;
  std::vector<Frame> stack;
  stack.push_back(open(final_rdd, nullptr));
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (top.next == top.reads.size()) {
      order.push_back(std::move(top.cut));
      stack.pop_back();
      continue;
    }
    const Dependency* read = top.reads[top.next++];
    if (seen.insert(read->shuffle).second) stack.push_back(open(read->parent, read));
  }
  return order;
}

}  // namespace volley::driver

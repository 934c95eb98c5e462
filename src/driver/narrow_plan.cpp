#include "driver/narrow_plan.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace volley::driver {

using base::RddId;
using base::ShuffleNumber;
using protocol::Dependency;
using protocol::DependencyKind;
using protocol::RddSpec;

RddId NarrowPlan::skip_chain(RddId id) const {
  for (;;) {
    const RddSpec& rdd = lineage_->at(id);
    const bool passes_on = rdd.dependencies.size() == 1 && rdd.payloads.empty() &&
                           rdd.dependencies[0].kind == DependencyKind::one_to_one &&
                           !lineage_->is_persisted(id);
    if (!passes_on) return id;
    id = rdd.dependencies[0].parent;
  }
}

NarrowPlan::NarrowPlan(LineagePtr lineage, RddId final_rdd) : lineage_(std::move(lineage)) {
  std::unordered_map<RddId, std::size_t> index;
  const auto node_of = [&](RddId id) {
    id = skip_chain(id);
    const auto [at, fresh] = index.emplace(id, nodes_.size());
    if (fresh) {
      nodes_.push_back({&lineage_->at(id), lineage_->is_persisted(id), {}, {}});
      has_persisted_ |= nodes_.back().persisted;
      has_hosts_ |= !nodes_.back().rdd->hosts.empty();
    } else {
      may_repeat_ = true;
    }
    return at->second;
  };
  node_of(final_rdd);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (const Dependency& dependency : nodes_[i].rdd->dependencies) {
      if (dependency.kind == DependencyKind::shuffle) {
        nodes_[i].shuffles.push_back(dependency.shuffle);
        continue;
      }
      if (dependency.kind == DependencyKind::groups) may_repeat_ = true;
      const std::size_t parent = node_of(dependency.parent);
      nodes_[i].narrow.push_back({&dependency, parent});
    }
  }
}

void NarrowPlan::walk(std::uint32_t partition, const Visit& visit) const {
  using Place = std::pair<std::size_t, std::uint32_t>;
  std::set<Place> seen;
  std::vector<Place> stack{{0, partition}};
  while (!stack.empty()) {
    const Place place = stack.back();
    stack.pop_back();
    if (may_repeat_ && !seen.insert(place).second) continue;
    const Node& node = nodes_[place.first];
    visit(node, place.second);
    const std::size_t first = stack.size();
    for (const Edge& edge : node.narrow) {
      const Dependency& dependency = *edge.dependency;
      if (dependency.kind == DependencyKind::one_to_one) {
        stack.emplace_back(edge.to, place.second);
      } else if (dependency.kind == DependencyKind::range) {
        const std::uint32_t offset = place.second - dependency.out_start;
        if (place.second >= dependency.out_start && offset < dependency.length) {
          stack.emplace_back(edge.to, offset);
        }
      } else {
        VOLLEY_CHECK(place.second < dependency.groups.size(), "RDD {}: partition {} of {} groups",
                     node.rdd->id, place.second, dependency.groups.size());
        for (const std::uint32_t parent : dependency.groups[place.second]) {
          stack.emplace_back(edge.to, parent);
        }
      }
    }
    std::reverse(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end());
  }
}

TaskInputs NarrowPlan::inputs(std::uint32_t partition) const {
  TaskInputs inputs;
  walk(partition, [&](const Node& node, std::uint32_t at) {
    if (!node.rdd->payloads.empty()) {
      VOLLEY_CHECK(at < node.rdd->payloads.size(), "RDD {}: partition {} of {} payloads",
                   node.rdd->id, at, node.rdd->payloads.size());
      inputs.sources.push_back({node.rdd->id, at, node.rdd->payloads[at]});
    }
    for (const ShuffleNumber shuffle : node.shuffles) inputs.shuffles.push_back({shuffle, at});
  });
  std::sort(inputs.shuffles.begin(), inputs.shuffles.end());
  inputs.shuffles.erase(std::unique(inputs.shuffles.begin(), inputs.shuffles.end()),
                        inputs.shuffles.end());
  return inputs;
}

std::vector<protocol::BlockId> NarrowPlan::cacheable(std::uint32_t partition) const {
  std::vector<protocol::BlockId> blocks;
  if (!has_persisted_) return blocks;
  walk(partition, [&](const Node& node, std::uint32_t at) {
    if (node.persisted) blocks.push_back({node.rdd->id, at});
  });
  return blocks;
}

std::vector<std::string> NarrowPlan::hosts(std::uint32_t partition) const {
  std::vector<std::string> found;
  if (!has_hosts_) return found;
  walk(partition, [&](const Node& node, std::uint32_t at) {
    if (found.empty() && at < node.rdd->hosts.size()) found = node.rdd->hosts[at];
  });
  return found;
}

std::vector<ShuffleNumber> NarrowPlan::shuffles_needed(
    const std::function<bool(const RddSpec&)>& cut) const {
  std::vector<ShuffleNumber> needed;
  std::vector<bool> seen(nodes_.size(), false);
  std::vector<std::size_t> stack{0};
  seen[0] = true;
  while (!stack.empty()) {
    const Node& node = nodes_[stack.back()];
    stack.pop_back();
    if (node.persisted && cut(*node.rdd)) continue;
    needed.insert(needed.end(), node.shuffles.begin(), node.shuffles.end());
    for (const Edge& edge : node.narrow) {
      if (seen[edge.to]) continue;
      seen[edge.to] = true;
      stack.push_back(edge.to);
    }
  }
  std::sort(needed.begin(), needed.end());
  needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
  return needed;
}

}  // namespace volley::driver

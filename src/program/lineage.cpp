#include "program/lineage.hpp"

#include "program/context_core.hpp"

#include <unordered_set>
#include <utility>

namespace volley::program {

Lineage::Lineage(std::shared_ptr<ContextCore> core, protocol::RddSpec spec,
                 std::vector<std::shared_ptr<const Lineage>> parents, Partitioner partitioner)
    : core_(std::move(core)),
      spec_(std::make_shared<const protocol::RddSpec>(std::move(spec))),
      parents_(std::move(parents)),
      partitioner_(partitioner) {}

Lineage::~Lineage() {
  core_->forget(*spec_);
  std::vector<std::shared_ptr<const Lineage>> dying = std::move(parents_);
  while (!dying.empty()) {
    const std::shared_ptr<const Lineage> node = std::move(dying.back());
    dying.pop_back();
    if (node.use_count() != 1) continue;
    for (auto& parent : node->parents_) dying.push_back(std::move(parent));
    node->parents_.clear();
  }
}

std::vector<protocol::RddSpecPtr> Lineage::reachable() const {
  std::vector<protocol::RddSpecPtr> ordered;
  std::unordered_set<base::RddId> seen{id()};
  std::vector<std::pair<const Lineage*, std::size_t>> path{{this, 0}};
  while (!path.empty()) {
    auto& [node, next] = path.back();
    if (next == node->parents_.size()) {
      ordered.push_back(node->spec_);
      path.pop_back();
      continue;
    }
    const Lineage* parent = node->parents_[next++].get();
    if (seen.insert(parent->id()).second) path.emplace_back(parent, 0);
  }
  return ordered;
}

}  // namespace volley::program

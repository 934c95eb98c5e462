#include "program/lineage.hpp"

#include "base/check.hpp"
#include "program/context_core.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace volley::program {

Lineage::Lineage(std::shared_ptr<ContextCore> core, protocol::RddSpec spec,
                 std::vector<std::shared_ptr<const Lineage>> parents, Partitioner partitioner)
    : core_(std::move(core)),
      spec_(std::make_shared<const protocol::RddSpec>(std::move(spec))),
      parents_(std::move(parents)),
      partitioner_(partitioner) {
  if (core_->recovery() != nullptr) fingerprint_ = make_fingerprint();
}

Fingerprint Lineage::make_fingerprint() const {
  std::vector<Fingerprint> parents;
  for (const protocol::Dependency& dependency : spec_->dependencies) {
    const auto found = std::find_if(parents_.begin(), parents_.end(), [&](const auto& parent) {
      return parent->id() == dependency.parent;
    });
    VOLLEY_CHECK(found != parents_.end(), "RDD {} depends on RDD {}, which is not its parent", id(),
                 dependency.parent);
    parents.push_back((*found)->fingerprint());
  }
  return fingerprint_of(*spec_, parents);
}

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

std::vector<const Lineage*> Lineage::needed() const {
  const Checkpoints& checkpoints = core_->checkpoints();
  std::vector<const Lineage*> ordered;
  std::unordered_set<base::RddId> seen{id()};
  std::vector<std::pair<const Lineage*, std::size_t>> path{{this, 0}};
  while (!path.empty()) {
    auto& [node, next] = path.back();
    if (next == node->parents_.size() || (next == 0 && checkpoints.is_written(node->id()))) {
      ordered.push_back(node);
      path.pop_back();
      continue;
    }
    const Lineage* parent = node->parents_[next++].get();
    if (seen.insert(parent->id()).second) path.emplace_back(parent, 0);
  }
  return ordered;
}

std::vector<protocol::RddSpecPtr> Lineage::reachable() const {
  std::vector<protocol::RddSpecPtr> specs;
  for (const Lineage* node : needed()) {
    auto replacement = core_->checkpoints().replacement(node->id());
    specs.push_back(replacement ? std::move(replacement) : node->spec_);
  }
  return specs;
}

}  // namespace volley::program

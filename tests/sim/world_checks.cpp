// What must hold in a simulated cluster: always, and when all is over.

#include "tests/sim/violation.hpp"
#include "tests/sim/world.hpp"
#include "tests/sim/world_parts.hpp"

#include <algorithm>
#include <utility>

namespace volley::sim {

void World::check_always() const {
  const rm::ClusterCapacity& capacity = resource_manager_->capacity();
  if (capacity.size() == 0) return;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->dead) continue;
    const rm::RankCapacity& known = capacity.at(static_cast<base::Rank>(i));
    if (known.lost) continue;  // it stood still for too long, and does not know yet
    require(
        known.used_slots >= nodes_[i]->used_slots && known.used_memory >= nodes_[i]->used_memory,
        "the ResourceManager believes {} slots of rank {} in use, and {} are", known.used_slots, i,
        nodes_[i]->used_slots);
  }
}

void World::check_end() {
  if (attempts_ == 0 && client_->exit_code() != 0) return;  // the cluster never came to be
  require(resource_manager_->quiescent(), "the ResourceManager still has {} applications, {} slots",
          resource_manager_->applications(),
          resource_manager_->capacity().total_slots() - resource_manager_->capacity().free_slots());
  std::set<std::uint32_t> dead;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& at = *nodes_[i];
    if (resource_manager_->capacity().at(static_cast<base::Rank>(i)).lost || at.dead) {
      dead.insert(at.number);
      continue;
    }
    require(at.manager->quiescent(), "the NodeManager of rank {} still has {} containers", i,
            at.manager->containers());
    require(at.used_slots == 0, "rank {} still has {} slots in use", i, at.used_slots);
  }
  const bool unnoticed = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    const auto rank = static_cast<base::Rank>(&node - nodes_.data());
    return node->dead && !resource_manager_->capacity().at(rank).lost;
  });
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const bool lost = resource_manager_->capacity().at(static_cast<base::Rank>(i)).lost;
    if (unnoticed || lost || nodes_[i]->dead)
      continue;  // data for a dead rank leaves once it is lost
    if (!nodes_[i]->shuffles) continue;
    require(nodes_[i]->shuffles->empty(), "the shuffle service of rank {} still has something", i);
  }
  for (const auto& [number, arena] : arenas_) {
    if (!dead.empty()) continue;
    require(arena.used_slabs() == 0, "{} slabs of node {} are still in use", arena.used_slabs(),
            number);
  }
  const bool said_success = client_->exit_code() == 0;
  require(!said_success || program_succeeded_, "the client ends with {}, the program had {}",
          *client_->exit_code(), program_succeeded_ ? "succeeded" : "failed: " + program_error_);
}

void World::end_phase(const char* name) {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> took = now - std::exchange(phase_start_, now);
  phases_.push_back({name, took.count(), handled_ - std::exchange(phase_handled_, handled_)});
}

Report World::report() const {
  Report report;
  report.succeeded = program_succeeded_;
  report.error = program_error_.empty() ? last_diagnostics_ : program_error_;
  report.events = handled_;
  report.fingerprint = fingerprint_;
  report.attempts = attempts_;
  report.took = now_ - base::TimePoint{std::chrono::hours{1}};
  report.faults = faults_.done();
  report.phases = phases_;
  return report;
}

}  // namespace volley::sim

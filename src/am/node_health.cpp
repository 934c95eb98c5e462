#include "am/node_health.hpp"

namespace volley::am {

void NodeHealth::executor_failed(std::uint32_t node, base::TimePoint now) {
  if (!options_.enabled) return;
  FailureWindow& failures =
      failures_.try_emplace(node, FailureWindow(options_.failure_validity)).first->second;
  failures.add(now);
  if (failures.count(now) > options_.max_failures) until_[node] = now + options_.timeout;
}

std::vector<std::uint32_t> NodeHealth::excluded(base::TimePoint now) {
  std::erase_if(until_, [&](const auto& entry) { return entry.second <= now; });
  std::set<std::uint32_t> all = of_driver_;
  for (const auto& [node, until] : until_) all.insert(node);
  return {all.begin(), all.end()};
}

}  // namespace volley::am

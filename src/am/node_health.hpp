#pragma once
// NodeHealth: on which nodes the application wants no containers for now. Nodes where too many
// executors have failed are avoided for a while, together with those that the driver avoids and
// those that the user has named. Time comes with the calls.

#include "am/failure_window.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace volley::am {

class NodeHealth {
 public:
  struct Options {
    bool enabled = false;            ///< volley.executor.launch.excludeOnFailure.enabled
    std::uint32_t max_failures = 2;  ///< on a node; one more and it is avoided
    base::Duration timeout = std::chrono::hours{1};
    base::Duration failure_validity{};  ///< as of the executors' limit
  };
  explicit NodeHealth(Options options) : options_(options) {}

  void executor_failed(std::uint32_t node, base::TimePoint now);
  void set_driver_excluded(const std::vector<std::uint32_t>& nodes) {
    of_driver_ = {nodes.begin(), nodes.end()};
  }
  /// Ascending, each once.
  std::vector<std::uint32_t> excluded(base::TimePoint now);
  bool all_excluded(std::uint32_t nodes, base::TimePoint now) {
    return nodes > 0 && excluded(now).size() >= nodes;
  }

 private:
  Options options_;
  std::map<std::uint32_t, FailureWindow> failures_;
  std::map<std::uint32_t, base::TimePoint> until_;
  std::set<std::uint32_t> of_driver_;
};

}  // namespace volley::am

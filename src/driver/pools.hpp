#pragma once
// Pools: in which order task sets are served. FIFO: by job, then stage. FAIR: pools share by
// minimum and weight, sets of a pool in the pool's own mode. Pools that nobody configured are made
// with weight 1, no minimum and FIFO. Pure decisions.

#include "base/ids.hpp"
#include "driver/options.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace volley::driver {

inline constexpr const char* default_pool = "default";

/// One attempt at one stage, as the order of service sees it: first in, first out.
struct SetKey {
  base::JobId job = 0;
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  auto operator<=>(const SetKey&) const = default;
};
/// A set with something to launch; sets without only add to `running`.
struct WantingSet {
  SetKey key;
  std::string pool;
  std::size_t running = 0;
  bool wants = true;
};

/// What fair sharing compares.
struct Share {
  std::string name;
  std::size_t running = 0;
  std::uint32_t min_share = 0;
  std::uint32_t weight = 1;
};
/// Those below their minimum first, then by running tasks for each unit of weight, then by name.
bool fair_before(const Share& a, const Share& b);

class Pools {
 public:
  explicit Pools(const std::vector<PoolOptions>& configured);
  /// Those that want something, in the order of service. Sets come in any order.
  std::vector<SetKey> order(const std::vector<WantingSet>& sets) const;

 private:
  struct Tree;
  PoolOptions options_of(const std::string& name) const;
  void serve(const Tree& tree, const std::string& pool, std::vector<SetKey>& order) const;

  std::map<std::string, PoolOptions> configured_;
};

}  // namespace volley::driver

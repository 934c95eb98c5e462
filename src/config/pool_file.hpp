#pragma once
// Pool files: the pools of the FAIR scheduler in the format of Spark's fairscheduler.xml:
//
//   <allocations>
//     <pool name="production">
//       <schedulingMode>FAIR</schedulingMode> <weight>2</weight> <minShare>3</minShare>
//     </pool>
//   </allocations>
//
// A pool may lie in another one. What is left out is FIFO, 1 and 0.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::config {

struct PoolSetting {
  std::string name;
  std::string parent;  ///< empty: none
  bool fair = false;   ///< among its own jobs
  std::uint32_t weight = 1;
  std::uint32_t min_share = 0;
};

/// `name` appears in the error only.
base::Result<std::vector<PoolSetting>> parse_pools(const std::string& text,
                                                   const std::string& name);
base::Result<std::vector<PoolSetting>> read_pool_file(const std::string& path);

}  // namespace volley::config

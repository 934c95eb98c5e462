#include "bench/conditions.hpp"

#include "bench/kernels/collect.hpp"
#include "config/environment.hpp"
#include "config/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace volley::bench {

base::Result<Conditions> conditions_of(const net::MpiWorld& world,
                                       const exchange::RankGroup& group) {
  Conditions conditions;
  conditions.version = config::version();
  conditions.library = world.library();
  conditions.transport = world.transport_name();
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  conditions.date = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
  conditions.ranks = static_cast<std::uint32_t>(group.size());
  conditions.nodes = group.nodes();
  const auto names = gather(group, world.host());
  if (!names) return names.failure();
  for (const std::string& name : names.value()) {
    const auto known = std::find_if(conditions.hosts.begin(), conditions.hosts.end(),
                                    [&](const auto& host) { return host.first == name; });
    if (known == conditions.hosts.end()) {
      conditions.hosts.emplace_back(name, 1);
    } else {
      ++known->second;
    }
  }
  const auto environment = config::Environment::of_process();
  for (const char* prefix : {"OMPI_MCA_", "UCX_", "FI_", "MPICH_", "I_MPI_", "SLURM_JOB_ID"}) {
    for (const std::string& name : environment.names_with(prefix)) {
      conditions.environment.emplace_back(name, environment.get(name));
    }
  }
  return conditions;
}

}  // namespace volley::bench

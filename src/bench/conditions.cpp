#include "bench/conditions.hpp"

#include "bench/kernels/collect.hpp"
#include "config/environment.hpp"
#include "config/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace volley::bench {
namespace {

/// Open MPI's mpirun tells its ranks where to find it in the same kind of variables in which users
/// choose a transport.
bool is_of_this_start(std::string_view name) {
  for (const std::string_view prefix :
       {"OMPI_MCA_orte_", "OMPI_MCA_ess", "OMPI_MCA_pmix", "OMPI_MCA_initial_wdir",
        "OMPI_MCA_shmem_", "OMPI_MCA_prte_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

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
      if (is_of_this_start(name)) continue;
      conditions.environment.emplace_back(name, environment.get(name));
    }
  }
  return conditions;
}

}  // namespace volley::bench

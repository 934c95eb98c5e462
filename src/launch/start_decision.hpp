#pragma once
// What a process that is asked to run an application does: it is a rank that mpirun or srun
// started, or it starts the MPI job itself. Pure functions of the environment.

#include "base/result.hpp"
#include "config/configuration.hpp"
#include "config/environment.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace volley::launch {

/// What volley.master can say.
enum class MasterKind : std::uint8_t {
  automatic,  ///< the allocation inside Slurm, else local[*]
  local,      ///< this machine
  slurm,      ///< the allocation this process is in
  mpi,        ///< mpirun or srun must have started this process
};

struct Master {
  MasterKind kind = MasterKind::automatic;
  std::uint32_t ranks = 0;         ///< local only; 0: one per usable core
  std::uint32_t max_failures = 0;  ///< local[N,F] only; 0: not said
};

/// Parses "", "local", "local[4]", "local[*]", "local[4,2]", "slurm", "mpi" and, for ported
/// scripts, "yarn" (automatic).
base::Result<Master> parse_master(std::string_view text);

/// What the launcher's variables say about this process.
struct LauncherTraces {
  bool is_rank = false;           ///< some launcher started it as part of an MPI job
  bool step_without_mpi = false;  ///< one of several tasks of an srun without MPI support
  bool in_step = false;           ///< inside an ordinary srun step
  bool in_allocation = false;
  /// Its number as far as the variables tell, 0 when they do not. Advice only: good for deciding
  /// who prints a message before MPI is up.
  std::uint32_t rank = 0;
  std::uint32_t local_rank = 0;
};
LauncherTraces traces_of(const config::Environment& environment);

struct BecomeRank {};
struct StartJob {
  bool in_allocation =
      false;  ///< one rank per task of the allocation; else `ranks` on this machine
  std::uint32_t ranks = 0;
};
using Start = std::variant<BecomeRank, StartJob>;

/// `cores`: usable by this process. The failure says what to do instead.
base::Result<Start> decide_start(const Master& master, const config::Environment& environment,
                                 std::uint32_t cores);

/// What a master implies for options that nobody set: local masters make one slot per rank.
void apply_master(const Master& master, const Start& start, config::Configuration& configuration);

}  // namespace volley::launch

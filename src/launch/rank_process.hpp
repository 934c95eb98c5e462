#pragma once
// RankProcess: the composition root of one MPI rank: joins the world, maps the node's arena, builds
// the roles of this rank (NodeManager and shuffle service everywhere, ResourceManager and client on
// rank 0), and runs the loop that owns MPI until the cluster shuts down.

#include "base/result.hpp"
#include "launch/run_request.hpp"
#include "net/mpi_world.hpp"

#include <volley/application.hpp>

#include <functional>
#include <string>

namespace volley::launch {

/// Collective work before a rank serves; an exit code other than 0, the same on all ranks, ends it.
using Prelude = std::function<int(net::MpiWorld&)>;

/// Runs this rank to its end. `program` is the path of this executable, which containers run too.
/// A rank without an `entry` joins the world all the same, so that one rank tells why for all.
/// Returns the exit code of the process; only rank 0 carries one other than 0.
int rank_main(const RunRequest& request, const base::Result<const ApplicationEntry*>& entry,
              const std::string& program, const Prelude& prelude = {});

}  // namespace volley::launch

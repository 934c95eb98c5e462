# Sourced by the scripts of this directory: where the tree is, how to say things, and the settings
# that let Open MPI start more ranks than there are cores, also for root.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Prints the comment at the head of the calling script: its help text.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# Cores to build with: a compiler of this code takes up to 1.5 GB, so memory may allow fewer.
build_jobs() {
  local cores memory_kib by_memory
  cores=$(nproc)
  memory_kib=$(awk '$1 == "MemAvailable:" {print $2}' /proc/meminfo)
  by_memory=$((${memory_kib:-0} / 1500000))
  ((by_memory >= 1)) || by_memory=1
  printf '%d\n' "${VOLLEY_JOBS:-$((cores < by_memory ? cores : by_memory))}"
}

# For test machines: ranks share cores and sleep when idle, so they are neither counted nor bound.
# The OMPI_ names are Open MPI 4's, the PRTE_ names Open MPI 5's.
allow_any_rank_count() {
  export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
  export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
  export PRTE_MCA_hwloc_default_binding_policy=none
  if [[ $(id -u) == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

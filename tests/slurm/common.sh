# Sourced by the tests under Slurm: a test bed of their own, jobs in it, and expectations.

set -euo pipefail

source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
testbed=$source_root/slurm/testbed
place=$(mktemp -d "${TMPDIR:-/tmp}/volley-test.XXXXXX")
export VOLLEY_TESTBED_DIR=$place/bed
failures=0
expect_failure=0  # 1: submit does not show the log of a failed job

finish() {
  local rc=$?
  trap - EXIT
  "$testbed" stop || rc=1
  rm -rf "$place"
  ((rc != 0)) || ((failures == 0)) || rc=1
  exit "$rc"
}
trap finish EXIT
trap 'exit 143' TERM INT

start_testbed() {
  command -v mpirun >/dev/null || {
    echo "SKIPPED: Open MPI is not installed"
    exit 77
  }
  "$testbed" start "$@"
  eval "$("$testbed" env)"
}

expect() { # expect WHAT WANTED FOUND
  if [[ $2 == "$3" ]]; then
    printf 'ok    %s\n' "$1"
  else
    printf 'FAIL  %s: wanted "%s", found "%s"\n' "$1" "$2" "$3"
    failures=$((failures + 1))
  fi
}

# submit SBATCH-ARGUMENT...: runs a job to its end; sets `code` to its exit code and `log` to its
# log. `sbatch --wait` looks ever more rarely whether the job is over, so this looks for itself.
submit() {
  local job state
  log=$place/job.log
  rm -f "$log"
  job=$(sbatch --parsable --output="$log" "$@")
  for ((i = 0; i < 1200; i++)); do
    state=$(scontrol show job "$job" | grep -oE 'JobState=[A-Z_]+')
    case $state in
      *=PENDING | *=CONFIGURING | *=RUNNING | *=COMPLETING | *=REQUEUED | *=SUSPENDED) sleep 0.1 ;;
      *) break ;;
    esac
  done
  # "code:signal"; a signal reads as shells say it.
  code=$(scontrol show job "$job" | sed -nE 's/.* ExitCode=([0-9]+):([0-9]+).*/\1 \2/p' |
    awk '{print $2 ? 128 + $2 : $1}')
  if [[ $state != *=COMPLETED ]] && ((expect_failure == 0)); then
    echo "job $job: $state, exit code $code; the end of its log:"
    tail -n 20 "$log" 2>/dev/null | sed 's/^/  | /' || true
  fi
}

# A requeued job would wait two minutes for its turn; asks Slurm to start each in two seconds, until
# $place/done exists. Not at once: slurmd compares whole seconds, and refuses to launch a job in the
# second in which it was requeued.
hurry_requeued() {
  local job run hurried=' '
  while [[ ! -e $place/done ]]; do
    for job in $(squeue -h -t PENDING -o %A); do
      run=$job/$(scontrol show job "$job" | grep -oE 'Restarts=[0-9]+' || true)
      if [[ $hurried == *" $run "* ]]; then continue; fi
      if scontrol update JobId="$job" StartTime=now+2 >/dev/null 2>&1; then hurried+="$run "; fi
    done
    sleep 0.2
  done
}

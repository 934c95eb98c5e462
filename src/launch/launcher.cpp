#include "launch/launcher.hpp"

#include "launch/mpirun_command.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace volley::launch {
namespace {

using base::Failure;
using base::Result;
using config::Environment;

constexpr int usage_error = 2;

int fail(int exit_code, std::string_view message) {
  const std::string line = fmt::format("volley: error: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), stderr);
  return exit_code;
}

/// Holds signals back that would end the launcher while it has a directory to remove; those that
/// come before the job runs reach it then.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, &before_);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

/// A fresh directory that goes with its owner.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> make(const std::string& parent) {
    std::string path = parent + "/volley-launch-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return Failure{fmt::format(
          "cannot make a temporary directory in {}: {}; set volley.local.dir to a writable one",
          parent, std::strerror(errno))};
    }
    return TemporaryDirectory(std::move(path));
  }
  TemporaryDirectory(TemporaryDirectory&& other) noexcept
      : path_(std::exchange(other.path_, std::string{})) {}
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory() {
    // A rank that mpirun has told to stop may outlive it and write its verdict in between: then the
    // directory is not empty after all. Once it is gone nothing can be made in it.
    std::error_code failure;
    for (int attempt = 0; attempt != 100 && !path_.empty(); ++attempt) {
      std::filesystem::remove_all(path_, failure);
      if (!failure) return;
    }
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Columns of the terminal on standard error; 0 when it is none.
std::uint32_t terminal_columns() {
  winsize size{};
  if (::isatty(2) == 0) return 0;
  return ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : 80;
}

}  // namespace

std::string verdict_parent(const StartJob& job, const Environment& environment,
                           const std::string& scratch) {
  // slurmd names its node in everything it starts; salloc on a login node does not.
  return job.in_allocation && !environment.has("SLURMD_NODENAME") ? "." : scratch;
}

int launch_program(const StartJob& job, Environment environment,
                   const std::vector<std::string>& program, const std::string& scratch,
                   bool verbose) {
  const std::string mpirun = find_executable("mpirun", environment);
  if (mpirun.empty()) {
    return fail(usage_error,
                "mpirun is not in PATH, so no MPI job can be started; install it (apt install "
                "openmpi-bin) or load the MPI module");
  }
  const HeldSignals signals;
  const auto directory = TemporaryDirectory::make(verdict_parent(job, environment, scratch));
  if (!directory) return fail(usage_error, directory.error());

  Job plan;
  plan.mask = signals.before();
  plan.environment = std::move(environment);
  plan.verdict_file =
      std::filesystem::absolute(directory.value().path() + "/verdict").lexically_normal().string();
  plan.environment.set(verdict_variable, plan.verdict_file);
  plan.environment.unset(terminal_variable);
  if (const auto columns = terminal_columns(); columns != 0) {
    plan.environment.set(terminal_variable, std::to_string(columns));
  }
  plan.command = mpirun_command(job, plan.environment, ::geteuid() == 0, program);
  plan.command.front() = mpirun;
  if (verbose) {
    const auto line = fmt::format("volley: starting {}\n", fmt::join(plan.command, " "));
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  const JobOutcome outcome = run_job(plan);
  return outcome.error.empty() ? outcome.exit_code : fail(outcome.exit_code, outcome.error);
}

int launch_job(const RunRequest& request, const StartJob& job, const Environment& environment,
               const std::vector<std::string>& program) {
  Environment of_job = environment;
  of_job.set(request_variable, encode_request(request));
  return launch_program(
      job, std::move(of_job), program,
      config::scratch_directory(request.configuration.text("volley.local.dir"), environment),
      request.verbose);
}

std::optional<int> launch_unless_rank(RunRequest request, const Environment& environment,
                                      const std::vector<std::string>& program) {
  const auto master = parse_master(request.configuration.text("volley.master"));
  if (!master) return fail(usage_error, master.error());
  const auto start = decide_start(master.value(), environment, usable_cores());
  if (!start) {
    // Every task of a mistaken srun comes here; one speaks. The others do not fail, since a failure
    // may end the job before it has spoken.
    if (traces_of(environment).rank != 0) return 0;
    return fail(usage_error, start.error());
  }
  const auto* job = std::get_if<StartJob>(&start.value());
  if (job == nullptr) return std::nullopt;
  apply_master(master.value(), start.value(), request.configuration);
  return launch_job(request, *job, environment, program);
}

std::uint32_t usable_cores() {
  // The kernel refuses a mask smaller than its own: grow until it fits.
  for (std::size_t words = 16; words <= 1024; words *= 4) {
    std::vector<cpu_set_t> mask(words);
    const std::size_t size = words * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, size, mask.data()) == 0) {
      return static_cast<std::uint32_t>(CPU_COUNT_S(size, mask.data()));
    }
  }
  return 1;
}

}  // namespace volley::launch

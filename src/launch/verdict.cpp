#include "launch/verdict.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace volley::launch {

using base::Done;
using base::Failure;
using base::Status;

namespace {
constexpr int internal_error = 70;
}

Status write_verdict(const std::string& path, int exit_code, bool after_loss) {
  const std::string draft = path + ".draft";
  errno = 0;
  std::ofstream out(draft);
  out << exit_code << (after_loss ? " after a loss\n" : "\n");
  out.close();
  if (!out || std::rename(draft.c_str(), path.c_str()) != 0) {
    return Failure{fmt::format("cannot write the exit code to {}: {}", path, std::strerror(errno))};
  }
  return Done{};
}

std::optional<int> read_verdict(const std::string& path) {
  std::ifstream in(path);
  int code = 0;
  if (!(in >> code)) return std::nullopt;
  return code;
}

bool verdict_after_loss(const std::string& path) {
  std::ifstream in(path);
  int code = 0;
  std::string word;
  return static_cast<bool>(in >> code >> word);
}

int rank_exit_code(int application_code, bool verdict_written) {
  return verdict_written ? 0 : application_code;
}

JobOutcome judge_job(std::optional<int> verdict, int wait_status, int stopped_by) {
  if (verdict) return {*verdict, {}};
  if (stopped_by != 0) {
    return {128 + stopped_by, fmt::format("stopped by signal {} ({}) before the application ended",
                                          stopped_by, strsignal(stopped_by))};
  }
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    return {internal_error,
            fmt::format("the MPI job ended without a verdict: mpirun was ended by signal {} ({})",
                        signal, strsignal(signal))};
  }
  const int code = WEXITSTATUS(wait_status);
  if (code == 0) {
    return {2, "the MPI job ended without a verdict: APP is not built with VOLLEY_APPLICATION"};
  }
  std::string error =
      fmt::format("the MPI job ended without a verdict: mpirun exited with {}", code);
  if (code > 128 && code < 128 + 65) {
    error += fmt::format(" (signal {}: {})", code - 128, strsignal(code - 128));
  }
  return {internal_error, std::move(error)};
}

}  // namespace volley::launch

#include "launch/rank_end.hpp"

#include "config/environment.hpp"
#include "launch/verdict.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

namespace volley::launch {
namespace {

constexpr int internal_error = 70;
constexpr unsigned least_start_seconds = 60;

/// In a signal handler.
void start_took_too_long(int) {
  constexpr std::string_view text =
      "volley: error: the ranks did not come up in time: one of them may have died (or hangs)\n";
  [[maybe_unused]] const auto written = ::write(2, text.data(), text.size());
  ::_exit(internal_error);
}

void stuck(int) {
  constexpr std::string_view text =
      "volley: error: a rank got stuck inside the MPI library and ends\n";
  [[maybe_unused]] const auto written = ::write(2, text.data(), text.size());
  ::_exit(internal_error);
}

}  // namespace

ProgressWatch::ProgressWatch(base::Duration limit) : limit_(limit) {
  struct sigaction action {};
  action.sa_handler = stuck;
  ::sigaction(SIGPROF, &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGPROF;
  made_ = ::timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) == 0;
  alive();
}

ProgressWatch::~ProgressWatch() {
  if (made_) ::timer_delete(timer_);
}

void ProgressWatch::alive() {
  if (!made_) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit_);
  itimerspec when{};
  when.it_value.tv_sec = seconds.count();
  when.it_value.tv_nsec =
      std::chrono::duration_cast<std::chrono::nanoseconds>(limit_ - seconds).count();
  ::timer_settime(timer_, 0, &when, nullptr);
}

void limit_start(base::Duration timeout) {
  struct sigaction action {};
  action.sa_handler = start_took_too_long;
  ::sigaction(SIGALRM, &action, nullptr);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
  ::alarm(std::max(static_cast<unsigned>(seconds), least_start_seconds));
}

void lift_start_limit() { ::alarm(0); }

int conclude(base::Rank rank, int code, bool after_loss) {
  if (rank != 0 && code == 0) return 0;
  const std::string path = config::Environment::of_process().get(verdict_variable);
  if (rank != 0) {
    if (!path.empty() && !read_verdict(path)) {
      static_cast<void>(write_verdict(path, code, after_loss));
    }
    return code;
  }
  const bool written = !path.empty() && write_verdict(path, code, after_loss).ok();
  return rank_exit_code(code, written);
}

void leave(base::Rank rank, int code) {
  const int exit_code = conclude(rank, code, true);
  std::fflush(nullptr);
  ::_exit(exit_code);
}

void leave_stuck(base::Rank rank) {
  constexpr int application_failed = 1;
  if (rank == 0) leave(rank, application_failed);
  std::fflush(nullptr);
  ::_exit(application_failed);
}

}  // namespace volley::launch
